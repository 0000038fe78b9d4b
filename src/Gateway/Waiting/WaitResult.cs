using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Waiting;

/// <summary>How a wait for a job ended.</summary>
internal abstract record WaitResult
{
    private WaitResult()
    {
    }

    /// <summary>The job's grain has replied, and there is nothing to wait for: the job has ended, does not exist, or was not accepted.</summary>
    public sealed record Replied(JobReply Reply) : WaitResult;

    /// <summary>
    /// The task is not as the gateway knew it, or that is not known: read it, and submit the job again, under the same id.
    /// </summary>
    /// <param name="MayHaveStarted">Whether a submit before may still start the job.</param>
    public sealed record TaskChanged(bool MayHaveStarted) : WaitResult;

    /// <summary>The wait ended before the job, which goes on.</summary>
    public sealed record TimedOut : WaitResult;

    /// <summary>The server stops before the job has ended.</summary>
    public sealed record Draining : WaitResult;

    /// <summary>The cluster can't be reached, or fails, and it is not known whether the job was released.</summary>
    public sealed record Unknown : WaitResult;

    /// <summary>The caller may not see the job.</summary>
    public sealed record Forbidden : WaitResult;

    /// <summary>The server, or the backend that has the job, does not give it.</summary>
    public sealed record Refused(Problem Problem) : WaitResult;
}
