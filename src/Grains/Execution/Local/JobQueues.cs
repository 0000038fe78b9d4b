using Microsoft.Extensions.Options;
using SyncCluster.Jobs;

namespace SyncCluster.Execution.Local;

/// <summary>
/// The queues of this silo: one for each depth that jobs may have, with workers of its own. A script that waits for a child keeps its worker, so
/// children that needed the same workers could wait for ever: if all of these had scripts that wait, wherever in the cluster. Those of the greatest
/// depth can have no children; they end by themselves, and so do those that wait for them.
/// </summary>
internal sealed class JobQueues
{
    private readonly FairJobScheduler[] _queues;

    public JobQueues(IOptions<LocalExecutorOptions> options, TimeProvider timeProvider) => _queues =
    [
        .. Enumerable.Range(0, JobSpec.MaxDepth + 1)
            .Select(_ => new FairJobScheduler(options.Value.Concurrency, options.Value.ReservedWorkers, timeProvider)),
    ];

    public IReadOnlyList<FairJobScheduler> All => _queues;

    /// <summary>Adds a job to the queue of its depth. False: the queues are closed.</summary>
    public bool TryAdd(QueuedJob job) => _queues[job.Spec.Depth].TryAdd(job);

    /// <summary>Accepts no more jobs. Those in the queues can still be taken.</summary>
    public void Close()
    {
        foreach (var queue in _queues)
        {
            queue.Close();
        }
    }
}
