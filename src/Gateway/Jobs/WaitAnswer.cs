using System.Globalization;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Problems;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Jobs;

/// <summary>What the end of a wait looks like over HTTP.</summary>
internal static class WaitAnswer
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(5);

    public static Problem Unreadable(string jobId, string location) =>
        new(StatusCodes.Status502BadGateway, "The job's document can't be read.") { JobId = jobId, Location = location };

    /// <param name="end">How the wait ended.</param>
    /// <param name="jobId">The job that was waited for.</param>
    /// <param name="flags">What the caller wants of it.</param>
    /// <param name="location">Where the caller can go on waiting; escaped.</param>
    public static IResult Of(WaitEnd end, string jobId, AnswerFlags flags, string location)
    {
        return end switch
        {
            WaitEnd.Finished { Job.Fault: { } fault } => new Problem(StatusCodes.Status502BadGateway, fault) { JobId = jobId, Location = location },
            WaitEnd.Finished finished => JobAnswer.Shape(finished.Job.Document, finished.Job.State, flags) switch
            {
                JobAnswer.Shaped shaped => new JobResponse(jobId, shaped.Status, shaped.Body),
                _ => Unreadable(jobId, location),
            },
            WaitEnd.TimedOut => GoOn(
                StatusCodes.Status504GatewayTimeout,
                "The wait has ended before the job, which goes on. Do not send the call again: ask for its result at the address in Location.",
                Soon),
            WaitEnd.Draining => GoOn(
                StatusCodes.Status503ServiceUnavailable,
                "The server is stopping before the job has ended. Do not send the call again: ask for its result at the address in Location.",
                Later),
            WaitEnd.Unknown => GoOn(
                StatusCodes.Status503ServiceUnavailable,
                "The cluster can't be reached, and it is not known whether the job was started. Ask for its result at the address in Location before you send the call again.",
                Later),
            WaitEnd.Unavailable => new Problem(
                StatusCodes.Status503ServiceUnavailable, "The cluster or its storage can't be reached. Nothing was run: try again.")
            { RetryAfter = Later },
            WaitEnd.QueueFull => new Problem(
                StatusCodes.Status503ServiceUnavailable, "Too many jobs are waiting for their turn. Nothing was run: try again.")
            { RetryAfter = Later },
            WaitEnd.OverLimit { Limit: var limit } => new Problem(
                StatusCodes.Status429TooManyRequests,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(limit.By == LimitedBy.Customer ? "The customer" : "The task")} may have {limit.Limit} jobs queued or running at once, and has. Nothing was run: try again when one has ended."))
            { RetryAfter = Soon },
            WaitEnd.StorageFull => new Problem(
                StatusCodes.Status503ServiceUnavailable,
                "The storage is nearly full, and what is left is kept for the jobs that run. Nothing was run: try again later.")
            { RetryAfter = Later },
            WaitEnd.Refused refused => refused.Problem,
            WaitEnd.Forbidden => Gate.NotOnJobList,
            _ => JobAddress.NoSuchJob,
        };

        Problem GoOn(int status, string message, TimeSpan retryAfter) => new(status, message) { JobId = jobId, Location = location, RetryAfter = retryAfter };
    }
}
