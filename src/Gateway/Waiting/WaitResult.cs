using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Waiting;

/// <summary>How a wait for a job ended.</summary>
internal abstract record WaitResult
{
    private WaitResult()
    {
    }

    /// <summary>The job has ended: here it is.</summary>
    public sealed record Finished(FinishedJob Job) : WaitResult;

    /// <summary>The wait ended before the job, which goes on.</summary>
    public sealed record TimedOut : WaitResult;

    /// <summary>The server stops before the job has ended.</summary>
    public sealed record Draining : WaitResult;

    /// <summary>The backend that has the job does not give it.</summary>
    public sealed record Refused(Problem Problem) : WaitResult;

    /// <summary>There is no such job.</summary>
    public sealed record NotFound : WaitResult;

    /// <summary>The asking one may not see the job.</summary>
    public sealed record Forbidden : WaitResult;

    /// <summary>Under the call's key another call has made the job: one with other arguments.</summary>
    public sealed record OtherCall : WaitResult;

    /// <summary>No place in the queue: nothing was stored.</summary>
    public sealed record QueueFull : WaitResult;

    /// <summary>As many jobs as there may be are queued or running: nothing was stored.</summary>
    public sealed record OverLimit(JobReply.QuotaExceeded Limit) : WaitResult;

    /// <summary>The storage has no room for new jobs: nothing was stored.</summary>
    public sealed record StorageFull : WaitResult;

    /// <summary>The cluster or its storage can't be reached, and the job was not released.</summary>
    public sealed record Unavailable : WaitResult;

    /// <summary>The cluster can't be reached or is at fault, and it is not known whether the job was released.</summary>
    public sealed record Unknown : WaitResult;
}
