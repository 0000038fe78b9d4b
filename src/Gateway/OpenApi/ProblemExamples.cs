using System.Text.Json;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Limits;
using SyncCluster.Jobs;
using SyncCluster.Scripts;
using SyncCluster.Tasks;
using SyncCluster.Tasks.Recipes;

namespace SyncCluster.Gateway.OpenApi;

/// <summary>The problems of the document. Their texts are those of <see cref="Problems"/>.</summary>
internal static class ProblemExamples
{
    private const string Job = "eb0166d31d0c56015d131f8f";

    private static readonly string TooLong =
        ArgumentLimits.OfThisMachine.Excess([new string('x', ArgumentLimits.OfThisMachine.Each)], new Dictionary<string, string>())!;

    private static readonly string Location = JobLinks.Result(DemoMode.Customer, Job);

    /// <summary>Of every route of a demonstration.</summary>
    public static ProblemExample[] Demonstration { get; } =
    [
        new("other-host", "a demonstration is asked by another name than a loopback host's", Problems.OtherHost),
        new("other-page", "a demonstration is asked by a web page of another machine", Problems.OtherPage),
        new("other-machine", "a demonstration is asked through a proxy for another machine", Problems.OtherMachine),
    ];

    public static ProblemExample OtherOrigin { get; } = new("other-origin", "a web page of an origin that is not allowed", Problems.OtherOrigin);

    public static ProblemExample NoSuchTask { get; } = new("no-such-task", "no such task", Problems.NoSuchTask);

    public static ProblemExample SeveralTasks { get; } =
        new("several-tasks", "with `update`, several tasks have the recipe's name", Problems.SeveralTasks);

    public static ProblemExample NoSuchJob { get; } = new("no-such-job", "no such job, or not any more", Problems.NoSuchJob);

    public static ProblemExample NotOnTaskList { get; } =
        new("not-on-task-list", "the task's access list does not name you", Problems.NotOnTaskList);

    public static ProblemExample NotOnJobList { get; } =
        new("not-on-job-list", "the access list of the job's task does not name you", Problems.NotOnJobList);

    public static ProblemExample WrongSecret { get; } = new("wrong-secret", "the task or its secret is wrong", Problems.WrongSecret);

    public static ProblemExample NothingToResume { get; } =
        new("nothing-to-resume", "`Last-Event-ID` names a job that is not to be seen, or not any more", Problems.NothingToResume);

    public static ProblemExample ResumeAtEvents { get; } =
        new("resume-at-events", "`Last-Event-ID` names a job: a call by secret goes on at the job's events", Problems.ResumeAtEvents);

    public static ProblemExample TooManyFailures { get; } = new(
        "too-many-failures",
        "too many unknown tokens or wrong secrets came from your address (`Limits:FailedAuthentications`)",
        Problems.TooManyFailures(TimeSpan.FromSeconds(2)));

    public static ProblemExample AdministratorsOnly { get; } = new(
        "administrators-only", "the task has `cancellable:false` and you are no administrator", Problems.AdministratorsOnly(Job, Location));

    public static ProblemExample JobHasEnded { get; } =
        new("has-ended", "the job has ended by itself", Problems.JobHasEnded(Job, Location, Lifecycle.Finished.WireName()));

    public static ProblemExample JobWasCanceled { get; } =
        new("was-canceled", "the job was canceled before", Problems.JobHasEnded(Job, Location, Lifecycle.Terminated.WireName()));

    public static ProblemExample JobRemoved { get; } =
        new("removed", "the job was removed before its record has expired", Problems.JobRemoved(Job));

    public static ProblemExample RunnerUnreachable { get; } =
        new("runner-unreachable", "the job's runner can't be reached", Problems.RunnerUnreachable(Job, Location));

    public static ProblemExample StillStopping { get; } =
        new("still-stopping", "the job was told to stop, and has not ended yet", Problems.StillStopping(Job, Location));

    /// <summary>Of every route that asks the cluster.</summary>
    public static ProblemExample[] Cluster { get; } =
    [
        new("server-fault", "the server is at fault", Problems.ServerFault),
        new("unreachable", "the cluster or its storage can't be reached", Problems.Unreachable),
    ];

    /// <summary>Of every route that asks TheEye, if that runs the jobs. Its own refusals pass through besides.</summary>
    public static ProblemExample[] TheEye { get; } =
    [
        new(
            "theeye-failed",
            "TheEye runs the jobs, and has failed or can't be reached",
            Problems.TheEye.OfJob(new TheEyeReply.Failed(TheEyeFault.Unreachable))),
        new("theeye-slow", "TheEye runs the jobs, and has not answered in time", Problems.TheEye.OfJob(new TheEyeReply.Failed(TheEyeFault.Slow))),
    ];

    /// <summary>Of every route that has TheEye create a job.</summary>
    public static ProblemExample TooManyUnread { get; } = new(
        "too-many-unread", "TheEye runs the jobs, and would delete the answers of earlier ones to keep this one", Problems.TheEye.TooManyUnread(5));

    public static ProblemExample NoServiceToken { get; } =
        new("no-service-token", "TheEye runs the jobs, and none of its tokens is configured", Problems.TheEye.NoServiceToken);

    /// <summary>Of every route that reads a body.</summary>
    public static ProblemExample[] Body { get; } =
    [
        new("unreadable", "the body is malformed or was cut off", Problems.UnreadableRequest(StatusCodes.Status400BadRequest)),
        new("too-slow", "the body came too slowly", Problems.UnreadableRequest(StatusCodes.Status408RequestTimeout)),
        new("too-large", "the body is above the limit", Problems.BodyTooLarge),
        new("corrupt", "the body can't be decoded: it is not what its `Content-Encoding` says", Problems.CorruptBody),
        new("other-coding", "a `Content-Encoding` that is not understood", Problems.UnknownContentCoding),
        new("too-many-bodies", "too many bodies without a token outside them are on their way (`Limits:UnauthenticatedBodies`)", Problems.TooManyBodies),
    ];

    /// <summary>Of a body that is JSON or a form.</summary>
    public static ProblemExample[] CallBody { get; } =
    [
        .. Body,
        new("bad-json", "malformed JSON", Problems.MalformedJson(new JsonException(null, null, lineNumber: 0, bytePositionInLine: 21))),
        new("json-as-form", "JSON that was sent as a form: the Content-Type is missing", Problems.JsonSentAsForm),
        new("other-type", "neither JSON nor a form", Problems.UnsupportedMediaType("The Content-Type is not supported.")),
    ];

    /// <summary>Of the arguments of a call.</summary>
    public static ProblemExample[] Call { get; } =
    [
        .. CallBody,
        new("too-few-arguments", "too few arguments", Problems.InvalidArguments(TaskArguments.TooFew(required: 1))),
        new(
            "arguments-do-not-fit",
            "the task or the server has `arguments=strict`, and an argument is none that its definition allows",
            Problems.ArgumentsDoNotFit([new ArgumentFault(0, "answer", "must be one of: yes, no")])),
        new("call-too-large", "arguments and environment that are too large for a job's document", Problems.CallTooLarge(9_000_000)),
        new(
            "too-long-arguments",
            "an argument that the operating system can't give to a script",
            Problems.ArgumentsTooLong(TooLong)),
    ];

    /// <summary>Of a call that may be repeated, or is canceled on disconnect.</summary>
    public static ProblemExample[] Repeat { get; } =
    [
        new("key-malformed", "a malformed Idempotency-Key", Problems.KeyMalformed),
        new("key-twice", "two of them", Problems.KeyTwice),
        new("key-and-cancel", "one together with `cancel_on_disconnect`", Problems.KeyWithCancelOnDisconnect),
        new(
            "not-cancellable", "`cancel_on_disconnect` for a task with `cancellable:false`, and you are no administrator", Problems.NotCancellable),
        Of("other-arguments", "the Idempotency-Key of a call with other arguments", new JobReply.IdempotencyConflict()),
    ];

    /// <summary>Of a call that a script waits for.</summary>
    public static ProblemExample[] Child { get; } =
    [
        new("no-such-parent", "`Parent-Job` is no token of a job whose script runs", Problems.NoSuchParent),
        new("nested-too-deep", "too many scripts wait for one another", Problems.NestedTooDeep),
        new("waits-for-itself", "a job of a task with `multitasking:false` waits for the call", Problems.WaitsForItself),
    ];

    /// <summary>Of a recipe.</summary>
    public static ProblemExample[] Recipe { get; } =
    [
        .. Body,
        new("too-large-for-its-token", "a body above the limit of calls without a token outside it", Problems.TooLargeToLookForToken),
        new("recipe-bad-json", "malformed JSON", Of(ParsedRecipe.NotJson)),
        new("recipe-no-object", "no JSON object", Of(ParsedRecipe.NotObject)),
        new("recipe-other-type", "no JSON", Problems.RecipeNotJson),
        new("recipe-workflow", "a workflow", Of(ParsedRecipe.Workflow)),
        new("recipe-unusable", "a task that can't be run here; the answer says why", Of(ParsedRecipe.NoTask)),
    ];

    public static ProblemExample TooManyWaiters { get; } =
        new("too-many-waiters", "too many requests wait here (`Limits:Waiters`)", Problems.TooManyWaiters);

    public static ProblemExample TooManyWaitersOfCustomer { get; } = new(
        "too-many-waiters-of-customer", "the customer's requests that may wait here are used up", Problems.TooManyWaitersOfCustomer(100));

    public static ProblemExample TooManyCalls { get; } =
        new("too-many-calls", "the customer's requests per second are used up", Problems.TooManyCalls(new RateLimit(1, 1)));

    public static ProblemExample UnreadableDocument { get; } =
        new("unreadable-job", "the job's document can't be read", Problems.UnreadableDocument(Job, Location));

    public static ProblemExample JobHasNotEnded { get; } = new("has-not-ended", "the job has not ended", Problems.JobHasNotEnded(Job, Location));

    public static ProblemExample RemovedUnfinished { get; } = new(
        "removed-unfinished",
        "the job has not ended: cancel it first",
        Problems.Of(new Removal.Unfinished(), Job, Location, DateTimeOffset.UnixEpoch)!);

    public static ProblemExample RemovedTooEarly { get; } = new(
        "removed-too-early",
        "the job has ended less than 10 minutes ago",
        Problems.Of(new Removal.Recent(new(2026, 11, 24, 11, 42, 23, TimeSpan.Zero)), Job, Location, new(2026, 11, 24, 11, 32, 23, TimeSpan.Zero))!);

    public static ProblemExample BadRemoval { get; } = new("bad-removal", "`lifecycle[]` of jobs that run", Problems.BadRemoval);

    public static ProblemExample BadCaller { get; } = new("bad-caller", "`caller` names no caller, or more than one", Problems.BadCaller);

    public static ProblemExample BadWhere { get; } = new("bad-where", "`where` with an operator, or of another member", Problems.BadWhere);

    public static ProblemExample BadSort { get; } = new("bad-sort", "another order", Problems.BadSort);

    public static ProblemExample BadInclude { get; } = new("bad-include", "`include` is neither 0 nor 1", Problems.BadInclude);

    public static ProblemExample BadTimes { get; } = new("bad-times", "`since` or `until` is no time", Problems.BadTimes);

    public static ProblemExample BadPage { get; } = new("bad-page", "`limit` or `skip` is no number, or too large", Problems.BadPage);

    public static ProblemExample BadCursor { get; } = new("bad-cursor", "`cursor` was not given by this server", Problems.BadCursor);

    public static ProblemExample NotTheOperator { get; } = new("not-operator", "not the operator's token", Problems.NotTheOperator);

    public static ProblemExample NoOperatorToken { get; } =
        new("no-operator-token", "the server has no operator's token", Problems.NoOperatorToken);

    public static ProblemExample NothingKept { get; } = new("nothing-kept", "the server keeps its jobs in memory", Problems.NothingKept);

    public static ProblemExample NoRoomForBackUp { get; } =
        new("no-room-for-backup", "there is no room for the copy beside the storage", Problems.NoRoomForBackUp);

    public static ProblemExample Draining { get; } =
        new("draining", "the server stops before the job has ended", Problems.Draining(Job, Location));

    public static ProblemExample OutcomeUnknown { get; } =
        new("not-known", "the cluster can't be reached, and the job may run", Problems.OutcomeUnknown(Job, Location));

    /// <summary>Of a wait for a job.</summary>
    public static ProblemExample[] Wait { get; } =
    [
        TooManyWaiters,
        TooManyWaitersOfCustomer,
        TooManyCalls,
        Draining,
        OutcomeUnknown,
        new("wait-ended", "the wait ended before the job, which goes on: ask at `Location`", Problems.WaitEnded(Job, Location)),
        JobRemoved,
        UnreadableDocument,
    ];

    /// <summary>Of the numbers of a chain of waits.</summary>
    public static ProblemExample MalformedPolling { get; } = new("bad-polling", "`counter`, `limit` or `timeout` is no number", Problems.MalformedPolling);

    /// <summary>Of a chain of waits.</summary>
    public static ProblemExample LastPollEnded { get; } =
        new("row-ended", "the last wait ended before the job, which goes on: ask at `Location`", Problems.LastPollEnded(Job, Location));

    /// <summary>Of a job that is to be started, beside those of the wait.</summary>
    public static ProblemExample[] Start { get; } =
    [
        Of("unavailable", "the cluster can't be reached, and nothing was run", new JobReply.Unavailable()),
        Of("queue-full", "too many jobs wait for their turn", new JobReply.QueueFull()),
        Of("over-limit", "the customer has as many jobs queued or running as it may", new JobReply.QuotaExceeded(QuotaScope.Customer, 100)),
        Of(
            "over-stored",
            "the customer's jobs take as much room in the storage as they may",
            new JobReply.QuotaExceeded(QuotaScope.StoredBytes, 100)),
        Of("storage-full", "the storage is nearly full", new JobReply.StorageFull()),
        new("record-lost", "the storage has lost the job", Problems.RecordLost(Job)),
        TooManyUnread,
    ];

    /// <summary>Of a route that needs a credential.</summary>
    public static ProblemExample[] Token(RequiredCredential required) =>
    [
        new("token-twice", "the token in two places", Problems.TokenTwice),
        new("no-token", "no token", Problems.NoToken),
        new("unknown-token", "an unknown or expired token", Problems.UnknownToken),
        TooManyFailures,
        new("other-customer", "a token of another customer", Problems.OtherCustomer),
        .. required.Credential == Credential.Viewer
            ? (ProblemExample[])[]
            : [new($"below-{required.Name}", $"a credential below {required.Name}", Problems.Below(required.Credential))],
    ];

    private static ProblemExample Of(string name, string when, JobReply reply) => new(name, when, Problems.Of(reply, Job, Location));

    private static Problem Of(ParsedRecipe.Refused refused) => Problems.InvalidRecipe(refused.Status, refused.Message);
}
