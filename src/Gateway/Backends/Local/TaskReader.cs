using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Backends.Local;

/// <summary>
/// Reads the task of a call, not older than the call. All calls of a task ask one grain; calls that come at once share a read. When the grain's silo
/// dies, they wait until another silo has the grain, as they do for their jobs.
/// </summary>
internal sealed class TaskReader(TaskCatalog catalog, IOptions<WaitingOptions> waiting, TimeProvider timeProvider)
{
    /// <summary>Longer than it takes to declare a silo dead that does not answer, even if it is only frozen and the others are busy.</summary>
    private static readonly TimeSpan Failover = TimeSpan.FromSeconds(20);

    /// <summary>Longer than the grain takes in a healthy cluster.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(100);

    private readonly RequestCoalescer<(string Customer, string Task), TaskDefinition?> _reads =
        new(task => catalog.FindAsync(task.Customer, task.Task), Slow, timeProvider);

    /// <returns>The task; null if there is none.</returns>
    /// <exception cref="OrleansException">The cluster or its storage can't be reached.</exception>
    /// <exception cref="TimeoutException">The cluster does not answer.</exception>
    /// <exception cref="OperationCanceledException">The client has disconnected, or the cluster does not answer.</exception>
    public async Task<TaskDefinition?> FindAsync(string customer, string task, Deadline deadline, CancellationToken aborted)
    {
        if (!CustomerName.IsValid(customer) || !TaskId.IsValid(task))
        {
            return null;
        }

        var failover = new Deadline(timeProvider, Failover);
        var patience = new Deadline(timeProvider, waiting.Value.Patience);
        for (var backoff = RetryPolicy.Lookup.NewBackoff(); ;)
        {
            var pause = backoff.Next();
            try
            {
                return await _reads.ReadAsync((customer, task));
            }
            catch (Exception fault) when (fault.IsClusterFault() && deadline.Remaining > pause
                && (IsNoAnswer(fault) ? failover : patience).Remaining > TimeSpan.Zero)
            {
                await Task.Delay(pause, timeProvider, aborted);
            }
        }
    }

    /// <summary>Whether the grain has not answered. Else it has, and says that it can't read the task.</summary>
    private static bool IsNoAnswer(Exception fault) => fault is not OrleansException || fault is OrleansMessageRejectionException;
}
