using SyncCluster.Jobs;

namespace SyncCluster.Quotas;

/// <summary>Counts a customer's queued and running jobs in the whole cluster. Key: the customer's name.</summary>
[Alias("sync.count")]
public interface IQuotaGrain : IGrainWithStringKey
{
    /// <summary>Counts a new job, before any of it is stored.</summary>
    /// <returns>The limit that is reached; null: the job is counted.</returns>
    [Alias("take"), ResponseTimeout("00:00:02")]
    Task<JobReply.QuotaExceeded?> Take(CountedJob job);

    /// <summary>Counts a job that exists and was taken over, even over the limits.</summary>
    [Alias("add"), ResponseTimeout("00:00:02")]
    Task Add(CountedJob job);

    /// <summary>The job's end is stored.</summary>
    [Alias("giveback"), ResponseTimeout("00:00:02")]
    Task GiveBack(string jobId);
}
