using SyncCluster.Gateway.Api.Events;
using SyncCluster.Gateway.Limits;

namespace SyncCluster.Gateway.OpenApi;

/// <summary>
/// Describes a route in the document, beside the framework's own name, summary, description and tags. The framework's <c>Accepts</c> and <c>Produces</c>
/// take CLR types and no examples, but this server passes JSON through as it is: bodies are named here, and <c>document.json</c> defines them.
/// </summary>
internal static class OpenApiMetadata
{
    private const string Answer = "JobAnswer";

    /// <summary>Parameters of the query, by their names in <c>document.json</c>.</summary>
    public static TRoute AcceptsParameters<TRoute>(this TRoute route, params string[] parameters)
        where TRoute : IEndpointConventionBuilder =>
        route.WithMetadata([.. parameters.Select(name => new AcceptedParameter(name))]);

    /// <summary>A body, by its name in <c>document.json</c>.</summary>
    public static TRoute AcceptsBody<TRoute>(this TRoute route, string name)
        where TRoute : IEndpointConventionBuilder =>
        route.WithMetadata(new AcceptedBody(name));

    public static TRoute ProducesAnswers<TRoute>(this TRoute route, params ProducedAnswer[] answers)
        where TRoute : IEndpointConventionBuilder =>
        route.WithMetadata([.. answers]);

    public static TRoute ProducesProblems<TRoute>(this TRoute route, params ProblemExample[] problems)
        where TRoute : IEndpointConventionBuilder =>
        route.WithMetadata([.. problems]);

    /// <summary>Waits for a job and gives its task's answer.</summary>
    public static TRoute ProducesJobAnswer<TRoute>(this TRoute route)
        where TRoute : IEndpointConventionBuilder =>
        route
            .AcceptsParameters("result", "full", "parse", "Prefer")
            .ProducesAnswers(
                new("200", "The job has succeeded", Answer, "output", "result", "full", "parse") { Headers = ["Job-Id"] },
                new("202", "With `Prefer: respond-async`: the wait ended before the job, which goes on", "Job", "pending")
                {
                    Headers = ["Job-Id", "Location", "Retry-After", "Preference-Applied"],
                },
                new("500", "The job has failed, timed out or was canceled", Answer, "failed", "failed-parse") { Headers = ["Job-Id"] },
                new(
                    ProducedAnswer.AnyStatus,
                    "With `parse`: the status that the task asks for, as `application/json`. 204, 205 and 304 have no body.",
                    null,
                    "parse-status")
                { Headers = ["Job-Id"] })
            .WithMetadata(OptionalHeaders.OfCalls, OptionalHeaders.OfWaits)
            .ProducesProblems(ProblemExamples.Wait);

    /// <summary>Tells a job live.</summary>
    public static TRoute ProducesJobEvents<TRoute>(this TRoute route)
        where TRoute : IEndpointConventionBuilder =>
        route
            .AcceptsParameters("result", "full", "parse", "Prefer", "Last-Event-ID")
            .ProducesAnswers(
                new("200", "The job, told live", "Events") { Headers = ["Job-Id"], MediaType = SseWriter.MediaType },
                new("204", "All was told before `Last-Event-ID`") { Headers = ["Job-Id"] })
            .WithMetadata(OptionalHeaders.OfCalls, OptionalHeaders.OfWaits)
            .ProducesProblems([.. ProblemExamples.Wait.Where(problem => problem.Name != "wait-ended")]);

    /// <summary>Starts a job, in the newer dialect.</summary>
    public static TRoute CreatesJob<TRoute>(this TRoute route, string example = "created")
        where TRoute : IEndpointConventionBuilder =>
        route
            .AcceptsBody("Call")
            .WithMetadata(OptionalHeaders.OfCalls)
            .AcceptsParameters("task_arguments", "wait_result", "limit", "timeout", "Idempotency-Key", "Parent-Job")
            .ProducesAnswers(
                new("200", "The job", "Job", example) { Headers = ["Job-Id"] },
                new("303", "With `wait_result=true`: the job, and in `Location` where its answer will be", "Job") { Headers = ["Job-Id", "Location"] })
            .ProducesProblems(
            [
                .. ProblemExamples.Call,
                .. ProblemExamples.Repeat.Where(problem => problem.Name != "not-cancellable"),
                .. ProblemExamples.Child,
                .. ProblemExamples.Start,
                .. ProblemExamples.Wait.Where(problem => problem.Name is "not-known" or "removed" or "unreadable-job" || problem.Name.StartsWith("too-many-", StringComparison.Ordinal)),
                ProblemExamples.MalformedPolling,
            ]);

    /// <summary>Waits for a job in a row of redirects, in the newer dialect.</summary>
    public static TRoute ProducesPollingAnswer<TRoute>(this TRoute route)
        where TRoute : IEndpointConventionBuilder =>
        route
            .AcceptsParameters("result", "full", "polledOutput", "polledParse", "counter", "limit", "timeout")
            .ProducesAnswers(
                new("200", "The job has succeeded", null, "output", "result", "full", "parse") { Headers = ["Job-Id"] },
                new("303", "The wait ended before the job: `Location` is the next one", null) { Headers = ["Job-Id", "Location"] },
                new("500", "The job has failed, timed out or was canceled, or what it has put out is no JSON", null, "failed", "failed-parse", "unparsed")
                {
                    Headers = ["Job-Id"],
                },
                new(
                    ProducedAnswer.AnyStatus,
                    "The status that the task asks for. Of an object with `response` the body and the Content-Type are what the task says. 204, 205 and 304 have no body.",
                    null,
                    "parse-status")
                { Headers = ["Job-Id"] })
            .WithMetadata(OptionalHeaders.OfCalls)
            .ProducesProblems([.. ProblemExamples.Wait.Where(problem => problem.Name != "wait-ended"), ProblemExamples.MalformedPolling, ProblemExamples.LastPollEnded]);

    /// <summary>Beside what it is, the same in the newer dialect.</summary>
    public static TRoute AlsoProducesPollingAnswer<TRoute>(this TRoute route)
        where TRoute : IEndpointConventionBuilder =>
        route
            .AcceptsParameters("polledOutput", "counter", "limit", "timeout")
            .ProducesAnswers(new ProducedAnswer("303", "In the newer dialect, the wait ended before the job: `Location` is the next one", null) { Headers = ["Job-Id", "Location"] })
            .ProducesProblems(ProblemExamples.MalformedPolling, ProblemExamples.LastPollEnded);

    /// <summary>Runs a task with the arguments of the body or the query, and waits for its job.</summary>
    public static TRoute RunsTask<TRoute>(this TRoute route)
        where TRoute : IEndpointConventionBuilder =>
        route
            .AcceptsBody("Call")
            .AcceptsParameters("task_arguments", "cancel_on_disconnect", "Idempotency-Key", "Parent-Job", "Last-Event-ID")
            .ProducesJobAnswer()
            .ProducesProblems([.. ProblemExamples.Call, .. ProblemExamples.Repeat, .. ProblemExamples.Child, .. ProblemExamples.Start]);
}

internal sealed record AcceptedParameter(string Name);

internal sealed record AcceptedBody(string Name);

/// <summary>That a route needs the operator's token, and no other.</summary>
internal sealed record OperatorRoute;

/// <summary>Headers that any answer of a route may have.</summary>
internal sealed record OptionalHeaders(params string[] Names)
{
    /// <summary>In the answers to calls of a limited customer.</summary>
    public static OptionalHeaders OfCalls { get; } = new(RateLimitHeaders.Names);

    /// <summary>In the answers of routes that accept <c>Prefer</c>.</summary>
    public static OptionalHeaders OfWaits { get; } = new("Preference-Applied");
}

/// <summary>An answer that is no problem.</summary>
/// <param name="Status">The HTTP status, or <see cref="AnyStatus"/>.</param>
/// <param name="When">When it is answered.</param>
/// <param name="Schema">Its schema's name in <c>document.json</c>; null for any JSON.</param>
/// <param name="Examples">The names of its examples there.</param>
internal sealed record ProducedAnswer(string Status, string When, string? Schema = null, params string[] Examples)
{
    public const string AnyStatus = "default";

    public string[] Headers { get; init; } = [];

    public string MediaType { get; init; } = "application/json";

    public bool HasBody => Status != "204";
}
