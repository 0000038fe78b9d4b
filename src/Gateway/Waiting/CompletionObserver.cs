using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Waiting;

/// <summary>What the job grains push to. Each push is handled at once: the waiters continue on other threads.</summary>
internal sealed class CompletionObserver(WaiterHub hub) : IJobObserver
{
    /// <inheritdoc/>
    public Task Completed(FinishedJob job)
    {
        hub.Complete(job);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task AllCompleted(FinishedJob[] jobs)
    {
        foreach (var job in jobs)
        {
            hub.Complete(job);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task Moved(string key)
    {
        hub.AttachSoon(key);
        return Task.CompletedTask;
    }
}
