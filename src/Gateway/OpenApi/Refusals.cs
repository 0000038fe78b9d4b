using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Primitives;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Api.Polling;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Api.Tasks;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends.Local;
using SyncCluster.Gateway.Backends.TheEye;
using SyncCluster.Gateway.Http;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Tasks;
using SyncCluster.Tasks.Recipes;

namespace SyncCluster.Gateway.OpenApi;

/// <summary>Every problem of the document. Their text is taken from where they are made: none is written here a second time.</summary>
internal static class Refusals
{
    private const string Job = "eb0166d31d0c56015d131f8f";

    private static readonly string Address = JobLinks.Of(DemoMode.Customer, Job, AnswerFlags.Output);

    public static Refusal OtherHost { get; } = new(
        "other-host", "a demonstration is asked by another name than a loopback host's", LoopbackHostMiddleware.OtherHost);

    public static Refusal OtherOrigin { get; } = new("other-origin", "a web page of an origin that is not allowed", CorsMiddleware.OtherOrigin);

    public static Refusal NoSuchTask { get; } = new("no-such-task", "no such task", JobLinks.NoSuchTask);

    public static Refusal NoSuchJob { get; } = new("no-such-job", "no such job, or not any more", JobLinks.NoSuchJob);

    public static Refusal NotOnTaskList { get; } = new("not-on-task-list", "the task's access list does not name you", AccessTokenAuthenticator.NotOnTaskList);

    public static Refusal NotOnJobList { get; } = new("not-on-job-list", "the access list of the job's task does not name you", AccessTokenAuthenticator.NotOnJobList);

    public static Refusal WrongSecret { get; } = new("wrong-secret", "the task or its secret is wrong", SyncCallHandler.WrongSecret);

    public static Refusal AdministratorsOnly { get; } = new(
        "administrators-only", "the task has `cancellable:false` and you are no administrator", JobsApi.AdministratorsOnly(DemoMode.Customer, Job));

    public static Refusal HasEnded { get; } = new("has-ended", "the job has ended", JobsApi.HasEnded(DemoMode.Customer, Job));

    public static Refusal RunnerUnreachable { get; } = new(
        "runner-unreachable", "the job's runner can't be reached", JobsApi.RunnerUnreachable(DemoMode.Customer, Job));

    /// <summary>Of every route that asks the cluster.</summary>
    public static Refusal[] Cluster { get; } =
    [
        new("server-fault", "the server is at fault", ApiExceptionHandler.Failed),
        new("unreachable", "the cluster or its storage can't be reached", ApiExceptionHandler.Unreachable),
    ];

    /// <summary>Of every route that asks TheEye, where that runs the jobs; besides, what it refuses itself passes through.</summary>
    public static Refusal[] TheEye { get; } =
    [
        new("theeye-failed", "TheEye runs the jobs, and has failed or can't be reached", TheEyeProblem.OfJob(new TheEyeReply.Failed(TheEyeFault.Unreachable))),
        new("theeye-slow", "TheEye runs the jobs, and has not answered in time", TheEyeProblem.OfJob(new TheEyeReply.Failed(TheEyeFault.Slow))),
    ];

    public static Refusal NoServiceToken { get; } = new("no-service-token", "TheEye runs the jobs, and none of its tokens is configured", TheEyeProblem.NoServiceToken);

    /// <summary>Of a body that can't be taken, whatever is in it.</summary>
    public static Refusal[] Body { get; } =
    [
        new("unreadable", "the body is malformed or was cut off", ApiExceptionHandler.Unreadable(StatusCodes.Status400BadRequest)),
        new("too-slow", "the body came too slowly", ApiExceptionHandler.Unreadable(StatusCodes.Status408RequestTimeout)),
        new("too-large", "the body is above the limit", ApiExceptionHandler.TooLarge),
    ];

    /// <summary>Of a body that is JSON or a form.</summary>
    public static Refusal[] CallBody { get; } =
    [
        .. Body,
        new("bad-json", "malformed JSON", OfBody("application/json", """{"task_arguments":[1,""")),
        new("json-as-form", "JSON that was sent as a form: the Content-Type is missing", OfBody("application/x-www-form-urlencoded", "[1]")),
        new("other-type", "neither JSON nor a form", OfBody("text/plain", "1")),
    ];

    /// <summary>Of the arguments of a call.</summary>
    public static Refusal[] Call { get; } = [.. CallBody, new("too-few-arguments", "too few arguments", OfArguments())];

    /// <summary>Of a call that may be repeated, or canceled by hanging up.</summary>
    public static Refusal[] Repeat { get; } =
    [
        new("key-malformed", "a malformed Idempotency-Key", new(StatusCodes.Status400BadRequest, IdempotencyKey.NotVisible.Message)),
        new("key-twice", "two of them", new(StatusCodes.Status400BadRequest, IdempotencyKey.NotOne.Message)),
        new("key-and-cancel", "one together with `cancel_on_disconnect`", TaskInvocation.NotWithKey),
        new("not-cancellable", "`cancel_on_disconnect` for a task with `cancellable:false`, and you are no administrator", LocalBackend.NotCancellable),
        Ended("other-arguments", "the Idempotency-Key of a call with other arguments", new WaitResult.OtherCall()),
    ];

    /// <summary>Of a recipe.</summary>
    public static Refusal[] Recipe { get; } =
    [
        .. Body,
        new("too-large-for-its-token", "a body above the limit of calls without a token outside it", TasksApi.TooLargeForItsToken),
        new("recipe-bad-json", "malformed JSON", OfRecipe("{")),
        new("recipe-no-object", "no JSON object", OfRecipe("[]")),
        new("recipe-other-type", "no JSON", TasksApi.NotJson),
        new("recipe-workflow", "a workflow", OfRecipe("""{"task":{"type":"workflow"}}""")),
        new("recipe-unusable", "a task that can't be run here; the answer says why", OfRecipe("{}")),
    ];

    public static Refusal TooManyWaiters { get; } = new("too-many-waiters", "too many requests wait here (`Limits:Waiters`)", RequestLimiter.TooManyWaiters);

    /// <summary>Of a wait for a job.</summary>
    public static Refusal[] Wait { get; } =
    [
        TooManyWaiters,
        Ended("draining", "the server stops before the job has ended", new WaitResult.Draining()),
        Ended("not-known", "the cluster can't be reached, and the job may run", new WaitResult.Unknown()),
        Ended("wait-ended", "the wait ended before the job, which goes on: ask at `Location`", new WaitResult.TimedOut()),
        new("unreadable-job", "the job's document can't be read", WaitAnswer.Unreadable(Job, Address)),
    ];

    /// <summary>Of the numbers of a row of waits.</summary>
    public static Refusal BadPolling { get; } = new("bad-polling", "`counter`, `limit` or `timeout` is no number", PollingCursor.Malformed);

    /// <summary>Of a row of waits.</summary>
    public static Refusal RowEnded { get; } = new(
        "row-ended", "the last wait ended before the job, which goes on: ask at `Location`", PollingCallHandler.RowEnded(Job, Address));

    public static Refusal TooManyCalls { get; } = new(
        "too-many-calls", "the customer's calls per second are used up", RequestLimiter.TooManyCalls(new RateLimit(1, 1)));

    /// <summary>Of a job that is to be started, beside those of the wait.</summary>
    public static Refusal[] Start { get; } =
    [
        Ended("unavailable", "the cluster can't be reached, and nothing was run", new WaitResult.Unavailable()),
        Ended("queue-full", "too many jobs wait for their turn", new WaitResult.QueueFull()),
        Ended("over-limit", "the customer has as many jobs queued or running as it may", new WaitResult.OverLimit(new(QuotaScope.Customer, 100))),
        Ended("storage-full", "the storage is nearly full", new WaitResult.StorageFull()),
        TooManyCalls,
        new("record-lost", "the storage has lost the job", JobSubmission.RecordLost(Job)),
    ];

    /// <summary>Of a token.</summary>
    public static Refusal[] Token(Credential needed) =>
    [
        new("token-twice", "the token in two places", OfTokens("a", "b")),
        new("no-token", "no token", AccessTokenAuthenticator.NoToken),
        new("unknown-token", "an unknown or expired token", AccessTokenAuthenticator.UnknownToken),
        new("other-customer", "a token of another customer", AccessTokenAuthenticator.OtherCustomer),
        .. needed == Credential.Viewer
            ? (Refusal[])[]
            : [new($"below-{needed.ToString().ToLowerInvariant()}", $"a credential below {needed.ToString().ToLowerInvariant()}", AccessTokenAuthenticator.Below(needed))],
    ];

    private static Problem OfBody(string type, string body)
    {
        var refused = (Requests.CallPayload.Refused)Requests.CallPayload.Read(type, Encoding.UTF8.GetBytes(body), QueryCollection.Empty);
        return new(refused.Status, refused.Message);
    }

    private static Problem OfTokens(params string[] tokens)
    {
        var query = new QueryCollection(new Dictionary<string, StringValues> { ["access_token"] = tokens });
        return new(StatusCodes.Status400BadRequest, ((AccessToken.Refused)AccessToken.Find(query, default, null)).Message);
    }

    private static Problem OfArguments()
    {
        var task = new TaskDefinition
        {
            Id = "hello",
            Customer = DemoMode.Customer,
            Name = "hello",
            Type = TaskType.Dummy,
            Arguments = [new(0, "input", "name", null)],
        };
        using var none = JsonDocument.Parse("[]");
        return new(StatusCodes.Status400BadRequest, ((BoundArguments.Refused)TaskArguments.Bind(task, none.RootElement)).Message);
    }

    private static Problem OfRecipe(string recipe)
    {
        var refused = (ParsedRecipe.Refused)SyncCluster.Tasks.Recipes.Recipe.TryParse(Encoding.UTF8.GetBytes(recipe), DemoMode.Customer, Job, [], default);
        return new(refused.Status, refused.Message);
    }

    private static Refusal Ended(string name, string when, WaitResult end) =>
        new(name, when, (Problem)WaitAnswer.Of(end, Job, AnswerFlags.Output, Address));
}
