using SyncCluster.Gateway.Api.Events;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Limits;

namespace SyncCluster.Gateway.OpenApi;

/// <summary>
/// What a route says of itself in the document, beside the framework's own name, summary, description and tags. The framework's <c>Accepts</c> and
/// <c>Produces</c> know CLR types and no examples, and this server passes JSON through as it is; so bodies are named here, and
/// <c>document.json</c> shows them.
/// </summary>
internal static class OpenApiMetadata
{
    private const string Answer = "JobAnswer";

    /// <summary>A token with this credential.</summary>
    public static TRoute Needs<TRoute>(this TRoute route, Credential credential)
        where TRoute : IEndpointConventionBuilder =>
        route.WithMetadata(new NeededCredential(credential)).Refuses(Refusals.Token(credential));

    /// <summary>Parameters of the query, by their names in <c>document.json</c>.</summary>
    public static TRoute Takes<TRoute>(this TRoute route, params string[] parameters)
        where TRoute : IEndpointConventionBuilder =>
        route.WithMetadata([.. parameters.Select(name => new TakenParameter(name))]);

    /// <summary>A body, by its name in <c>document.json</c>.</summary>
    public static TRoute TakesBody<TRoute>(this TRoute route, string name)
        where TRoute : IEndpointConventionBuilder =>
        route.WithMetadata(new TakenBody(name));

    public static TRoute Answers<TRoute>(this TRoute route, params GivenAnswer[] answers)
        where TRoute : IEndpointConventionBuilder =>
        route.WithMetadata([.. answers]);

    public static TRoute Refuses<TRoute>(this TRoute route, params Refusal[] refusals)
        where TRoute : IEndpointConventionBuilder =>
        route.WithMetadata([.. refusals]);

    /// <summary>Waits for a job and answers what its task has said.</summary>
    public static TRoute AnswersJob<TRoute>(this TRoute route)
        where TRoute : IEndpointConventionBuilder =>
        route
            .Takes("result", "full", "parse", "Prefer")
            .Answers(
                new("200", "The job has succeeded", Answer, "output", "result", "full", "parse") { Headers = ["Job-Id"] },
                new("202", "With `Prefer: respond-async`: the wait ended before the job, which goes on", "Job", "pending")
                {
                    Headers = ["Job-Id", "Location", "Retry-After", "Preference-Applied"],
                },
                new("500", "The job has failed, timed out or was canceled", Answer, "failed", "failed-parse") { Headers = ["Job-Id"] },
                new(
                    GivenAnswer.AnyStatus,
                    "With `parse`: the status that the task asks for, as `application/json`. 204, 205 and 304 have no body.",
                    null,
                    "parse-status")
                { Headers = ["Job-Id"] })
            .Refuses(Refusals.Wait);

    /// <summary>Tells a job live.</summary>
    public static TRoute FollowsJob<TRoute>(this TRoute route)
        where TRoute : IEndpointConventionBuilder =>
        route
            .Takes("result", "full", "parse", "Prefer", "Last-Event-ID")
            .Answers(
                new("200", "The job, told live", "Events") { Headers = ["Job-Id"], MediaType = SseWriter.MediaType },
                new("204", "All was told before `Last-Event-ID`") { Headers = ["Job-Id"] })
            .Refuses([.. Refusals.Wait.Where(refusal => refusal.Name != "wait-ended")]);

    /// <summary>Starts a job, in the newer dialect.</summary>
    public static TRoute CreatesJob<TRoute>(this TRoute route)
        where TRoute : IEndpointConventionBuilder =>
        route
            .TakesBody("Call")
            .WithMetadata(SometimesHeaders.OfCalls)
            .Takes("task_arguments", "wait_result", "limit", "timeout", "Idempotency-Key")
            .Answers(
                new("200", "The job", "Job", "created") { Headers = ["Job-Id"] },
                new("303", "With `wait_result=true`: the job, and in `Location` where its answer will be", "Job") { Headers = ["Job-Id", "Location"] })
            .Refuses(
            [
                .. Refusals.Call,
                .. Refusals.Repeat.Where(refusal => refusal.Name != "not-cancellable"),
                .. Refusals.Start,
                .. Refusals.Wait.Where(refusal => refusal.Name is "not-known" or "unreadable-job" or "too-many-waiters"),
                Refusals.BadPolling,
            ]);

    /// <summary>Waits for a job in a row of redirects, in the newer dialect.</summary>
    public static TRoute AnswersPolling<TRoute>(this TRoute route)
        where TRoute : IEndpointConventionBuilder =>
        route
            .Takes("result", "full", "polledOutput", "polledParse", "counter", "limit", "timeout")
            .Answers(
                new("200", "The job has succeeded", null, "output", "result", "full", "parse") { Headers = ["Job-Id"] },
                new("303", "The wait ended before the job: `Location` is the next one", null) { Headers = ["Job-Id", "Location"] },
                new("500", "The job has failed, timed out or was canceled, or what it has put out is no JSON", null, "failed", "failed-parse", "unparsed")
                {
                    Headers = ["Job-Id"],
                },
                new(
                    GivenAnswer.AnyStatus,
                    "The status that the task asks for. Of an object with `response` the body and the Content-Type are what the task says. 204, 205 and 304 have no body.",
                    null,
                    "parse-status")
                { Headers = ["Job-Id"] })
            .Refuses([.. Refusals.Wait.Where(refusal => refusal.Name != "wait-ended"), Refusals.BadPolling, Refusals.RowEnded]);

    /// <summary>Beside what it is, the same in the newer dialect.</summary>
    public static TRoute AlsoPolls<TRoute>(this TRoute route)
        where TRoute : IEndpointConventionBuilder =>
        route
            .Takes("polledOutput", "counter", "limit", "timeout")
            .Answers(new GivenAnswer("303", "In the newer dialect, the wait ended before the job: `Location` is the next one", null) { Headers = ["Job-Id", "Location"] })
            .Refuses(Refusals.BadPolling, Refusals.RowEnded);

    /// <summary>Runs a task with the arguments of the body or the query, and waits for its job.</summary>
    public static TRoute RunsTask<TRoute>(this TRoute route)
        where TRoute : IEndpointConventionBuilder =>
        route
            .TakesBody("Call")
            .WithMetadata(SometimesHeaders.OfCalls)
            .Takes("task_arguments", "cancel_on_disconnect", "Idempotency-Key")
            .AnswersJob()
            .Refuses([.. Refusals.Call, .. Refusals.Repeat, .. Refusals.Start]);
}

internal sealed record NeededCredential(Credential Credential)
{
    public string Word => Credential.ToString().ToLowerInvariant();
}

internal sealed record TakenParameter(string Name);

internal sealed record TakenBody(string Name);

/// <summary>Headers that any answer of a route may have.</summary>
internal sealed record SometimesHeaders(params string[] Names)
{
    /// <summary>Of a customer whose calls are limited.</summary>
    public static SometimesHeaders OfCalls { get; } = new(RateLimitHeaders.Headers);
}

/// <summary>An answer that is no problem.</summary>
/// <param name="Status">The HTTP status, or <see cref="AnyStatus"/>.</param>
/// <param name="When">When it is answered.</param>
/// <param name="Schema">Its schema's name in <c>document.json</c>; null for any JSON.</param>
/// <param name="Examples">The names of its examples there.</param>
internal sealed record GivenAnswer(string Status, string When, string? Schema = null, params string[] Examples)
{
    public const string AnyStatus = "default";

    public string[] Headers { get; init; } = [];

    public string MediaType { get; init; } = "application/json";

    public bool HasBody => Status != "204";
}
