using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Backends.Local;

/// <summary>
/// Finds the task of a call, as it is when the call comes or later. All calls of a task ask one grain, those that come at once together; when its silo
/// dies they wait until another has it, as they do for their jobs.
/// </summary>
internal sealed class TaskReader(TaskCatalog catalog, IOptions<WaitingOptions> waiting, TimeProvider timeProvider)
{
    /// <summary>Longer than a silo that does not answer takes to be declared dead, even where it is only frozen and the others are busy.</summary>
    private static readonly TimeSpan Failover = TimeSpan.FromSeconds(20);

    /// <summary>Longer than the grain takes where all is well.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(100);

    private readonly RequestCoalescer<(string Customer, string Task), TaskDefinition?> _reads =
        new(task => catalog.FindAsync(task.Customer, task.Task), Slow, timeProvider);

    /// <summary>The task; null where there is none.</summary>
    /// <exception cref="OrleansException">The cluster or its storage can't be reached.</exception>
    /// <exception cref="TimeoutException">The cluster does not answer.</exception>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public async Task<TaskDefinition?> FindAsync(string customer, string task, Deadline deadline, CancellationToken gone)
    {
        var failover = new Deadline(timeProvider, Failover);
        var patience = new Deadline(timeProvider, waiting.Value.Patience);
        for (var backoff = RetryPolicy.Lookup.NewBackoff(); ;)
        {
            var pause = backoff.Next();
            try
            {
                return await _reads.ReadAsync((customer, task));
            }
            catch (Exception fault) when (fault is OrleansException or TimeoutException && deadline.Remaining > pause
                && (fault is TimeoutException or OrleansMessageRejectionException ? failover : patience).Remaining > TimeSpan.Zero)
            {
                await Task.Delay(pause, timeProvider, gone);
            }
        }
    }
}
