using Orleans.Concurrency;

namespace SyncCluster.Jobs;

/// <summary>Receives job completions in a gateway.</summary>
[Alias("sync.job.observer")]
public interface IJobObserver : IGrainObserver
{
    /// <summary>A job has ended. The gateway handles it synchronously; its reply acknowledges the completion.</summary>
    [Alias("completed"), ResponseTimeout("00:00:03")]
    Task Completed(FinishedJob job);

    /// <summary>Several jobs have ended.</summary>
    [Alias("allcompleted"), ResponseTimeout("00:00:03")]
    Task AllCompleted(FinishedJob[] jobs);

    /// <summary>The job's grain is deactivated and loses its subscriptions: attach again.</summary>
    /// <param name="key">The job's <see cref="JobKey"/>.</param>
    [Alias("moved"), OneWay]
    Task Moved(string key);
}
