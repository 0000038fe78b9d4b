using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Backends.Local;

/// <summary>
/// Reads the task of a call, not older than the call, and keeps it for later calls, whose jobs' silos say whether it has changed. All reads of a task ask
/// one grain; calls that come at once share a read. When the grain's silo dies, they wait until another silo has the grain, as they do for their jobs.
/// </summary>
internal sealed class TaskReader(TaskCatalog catalog, IOptions<WaitingOptions> waiting, TimeProvider timeProvider)
{
    /// <summary>Longer than it takes to declare a silo dead that does not answer, even if it is only frozen and the others are busy.</summary>
    private static readonly TimeSpan Failover = TimeSpan.FromSeconds(20);

    /// <summary>Longer than the grain takes in a healthy cluster.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(100);

    /// <summary>The tasks that are kept, some kilobytes each.</summary>
    private const int MaxKnown = 1000;

    private readonly ConcurrentDictionary<(string Customer, string Task), TaskDefinition> _known = new();

    private readonly RequestCoalescer<(string Customer, string Task), TaskDefinition?> _reads =
        new(task => catalog.FindAsync(task.Customer, task.Task), Slow, timeProvider);

    /// <summary>
    /// The task as it was last read; null if it is not kept, or if nothing tells whether it has changed. A task that was asked for by its name is not kept:
    /// another task may have got the same name.
    /// </summary>
    public TaskDefinition? FindKnown(string customer, string task) => _known.GetValueOrDefault((customer, task));

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

        var outage = new OutageLimit(timeProvider, waiting.Value.Patience, Failover);
        for (var backoff = RetryPolicy.Lookup.NewBackoff(); ;)
        {
            var pause = backoff.Next();
            try
            {
                var found = await _reads.ReadAsync((customer, task));
                Keep((customer, task), found);
                return found;
            }
            catch (Exception fault) when (fault.IsClusterFault() && deadline.Remaining > pause)
            {
                if (!outage.MayRepeatAfter(isAnswered: IsAnswer(fault)))
                {
                    throw;
                }

                await Task.Delay(pause, timeProvider, aborted);
            }
        }
    }

    private void Keep((string Customer, string Task) key, TaskDefinition? found)
    {
        if (found?.Revision is null || found.Id != key.Task)
        {
            _known.TryRemove(key, out _);
            return;
        }

        if (!_known.ContainsKey(key) && _known.Count >= MaxKnown)
        {
            _known.Clear();
        }

        _known[key] = found;
    }

    /// <summary>Whether the grain has answered, and says that it can't read the task.</summary>
    private static bool IsAnswer(Exception fault) => fault is OrleansException and not OrleansMessageRejectionException;
}
