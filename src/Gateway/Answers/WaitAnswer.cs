using System.Globalization;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Answers;

/// <summary>What the end of a wait looks like over HTTP.</summary>
internal static class WaitAnswer
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(5);

    public static Problem Unreadable(string jobId, string location) =>
        new(StatusCodes.Status502BadGateway, "The job's document can't be read.") { JobId = jobId, Location = location };

    /// <summary>The call's key names a job of another call.</summary>
    public static Problem OtherArguments(string jobId, string location) => new(
        StatusCodes.Status422UnprocessableEntity,
        "This Idempotency-Key was sent before with other arguments. Send a new key for a new call; the answer to the earlier one is at the address in Location.")
    {
        JobId = jobId,
        Location = location,
    };

    /// <summary>The wait ended before the job, and the caller has said that this will do (RFC 7240, respond-async).</summary>
    /// <param name="jobId">The job that was waited for.</param>
    /// <param name="document">The job so far.</param>
    /// <param name="location">Where the caller can go on waiting; escaped.</param>
    public static IResult GoesOn(string jobId, ReadOnlyMemory<byte> document, string location) =>
        new JobResponse(jobId, StatusCodes.Status202Accepted, document) { Location = location, RetryAfter = Soon };

    /// <param name="end">How the wait ended.</param>
    /// <param name="jobId">The job that was waited for.</param>
    /// <param name="flags">What the caller wants of it.</param>
    /// <param name="location">Where the caller can go on waiting; escaped.</param>
    public static IResult Of(WaitResult end, string jobId, AnswerFlags flags, string location)
    {
        return end switch
        {
            WaitResult.Finished { Job.Fault: { } fault } => new Problem(StatusCodes.Status502BadGateway, fault) { JobId = jobId, Location = location },
            WaitResult.Finished finished => JobAnswer.Shape(finished.Job.Document, finished.Job.State, flags) switch
            {
                JobAnswer.Shaped shaped => new JobResponse(jobId, shaped.Status, shaped.Body),
                _ => Unreadable(jobId, location),
            },
            WaitResult.TimedOut => GoOn(
                StatusCodes.Status504GatewayTimeout,
                "The wait has ended before the job, which goes on. Do not send the call again: ask for its result at the address in Location.",
                Soon),
            WaitResult.Draining => GoOn(
                StatusCodes.Status503ServiceUnavailable,
                "The server is stopping before the job has ended. Do not send the call again: ask for its result at the address in Location.",
                Later),
            WaitResult.Unknown => GoOn(
                StatusCodes.Status503ServiceUnavailable,
                "The cluster can't be reached, and it is not known whether the job was started. Ask for its result at the address in Location before you send the call again.",
                Later),
            WaitResult.Unavailable => new Problem(
                StatusCodes.Status503ServiceUnavailable, "The cluster or its storage can't be reached. Nothing was run: try again.")
            { RetryAfter = Later },
            WaitResult.OtherCall => OtherArguments(jobId, location),
            WaitResult.QueueFull => new Problem(
                StatusCodes.Status503ServiceUnavailable, "Too many jobs are waiting for their turn. Nothing was run: try again.")
            { RetryAfter = Later },
            WaitResult.OverLimit { Limit: var limit } => new Problem(
                StatusCodes.Status429TooManyRequests,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(limit.By == QuotaScope.Customer ? "The customer" : "The task")} may have {limit.Limit} jobs queued or running at once, and has. Nothing was run: try again when one has ended."))
            { RetryAfter = Soon, Quota = RateLimitHeaders.UsedUp(limit.By == QuotaScope.Customer ? "jobs" : "jobs-of-task", limit.Limit) },
            WaitResult.StorageFull => new Problem(
                StatusCodes.Status503ServiceUnavailable,
                "The storage is nearly full, and what is left is kept for the jobs that run. Nothing was run: try again later.")
            { RetryAfter = Later },
            WaitResult.Refused refused => refused.Problem,
            WaitResult.Forbidden => AccessTokenAuthenticator.NotOnJobList,
            _ => JobLinks.NoSuchJob,
        };

        Problem GoOn(int status, string message, TimeSpan retryAfter) => new(status, message) { JobId = jobId, Location = location, RetryAfter = retryAfter };
    }
}
