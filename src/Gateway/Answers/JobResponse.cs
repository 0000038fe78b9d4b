using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Answers;

/// <summary>The answer that a task or its job gives.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">JSON, UTF-8; empty for none.</param>
internal sealed record JobResponse(string JobId, int Status, ReadOnlyMemory<byte> Body) : JsonBytes(Status, Body)
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    /// <summary>The address of the rest of the answer; null if this is all.</summary>
    public string? Location { get; init; }

    /// <summary>When to ask there; sent as whole seconds.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The job, if it has ended. As long as its answer is sent, other requests for the job share it.</summary>
    public FinishedJob? Source { get; init; }

    /// <summary>The wait ended before the job, and the caller accepts that (RFC 7240, respond-async).</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="document">The job so far.</param>
    /// <param name="location">The address of the job's result.</param>
    public static JobResponse GoesOn(string jobId, ReadOnlyMemory<byte> document, string location) =>
        new(jobId, StatusCodes.Status202Accepted, document) { Location = location, RetryAfter = RetryPause };

    /// <summary>The answer to a request whose wait has ended.</summary>
    /// <param name="result">How the wait ended.</param>
    /// <param name="jobId">The job.</param>
    /// <param name="flags">What of the job is wanted.</param>
    /// <param name="form">How much of the job's document the caller may see.</param>
    /// <param name="location">The address of the job's result.</param>
    public static IResult Of(WaitResult result, string jobId, AnswerFlags flags, DocumentForm form, string location) => result switch
    {
        WaitResult.Replied { Reply: JobReply.Finished { Job: { Fault: null } job } } => JobAnswer.Of(job, form, flags) switch
        {
            JobAnswer.Shaped shaped => new JobResponse(jobId, shaped.Status, shaped.Body) { Source = job },
            _ => Problems.UnreadableDocument(jobId, location),
        },
        _ => ProblemOf(result, jobId, location),
    };

    /// <summary>The answer to a request whose wait has ended without an answer of the task.</summary>
    public static Problem ProblemOf(WaitResult result, string jobId, string location) => result switch
    {
        WaitResult.Replied { Reply: var reply } => Problems.Of(reply, jobId, location),
        WaitResult.TimedOut => Problems.WaitEnded(jobId, location),
        WaitResult.Draining => Problems.Draining(jobId, location),
        WaitResult.Unknown => Problems.OutcomeUnknown(jobId, location),
        WaitResult.Forbidden => Problems.NotOnJobList,
        WaitResult.Refused refused => refused.Problem,
        _ => throw new InvalidOperationException($"A wait has ended as {result}."),
    };

    /// <inheritdoc/>
    public override Task ExecuteAsync(HttpContext httpContext)
    {
        var headers = httpContext.Response.Headers;
        headers["Job-Id"] = JobId;
        if (Location is not null)
        {
            headers.Location = Location;
        }

        if (RetryAfter is { } pause)
        {
            headers.RetryAfter = Problem.Seconds(pause);
        }

        return base.ExecuteAsync(httpContext);
    }
}
