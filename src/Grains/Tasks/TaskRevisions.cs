using System.Collections.Concurrent;

namespace SyncCluster.Tasks;

/// <summary>
/// Tells the jobs of a silo whether a task is still as the gateway of a call has it. An answer is never older than its question: so a call that comes
/// after a task was deleted or replaced does not run as the task was before. A task whose grain is on this silo is asked without a message, and all
/// questions that come at once about another one share a message.
/// </summary>
internal sealed class TaskRevisions(IGrainFactory grains, TimeProvider timeProvider)
{
    /// <summary>Longer than a grain takes in a healthy cluster.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<string, Guid> _here = new();
    private readonly RequestCoalescer<string, Guid?> _reads = new(key => grains.GetGrainByKey<ITaskGrain>(key).GetRevision(), Slow, timeProvider);

    /// <summary>The grain of a task on this silo has this revision, and has had it stored.</summary>
    /// <param name="key">The task's <see cref="TaskKey"/>.</param>
    /// <param name="revision">The revision; null if there is no task, or it has none.</param>
    public void Set(string key, Guid? revision)
    {
        if (revision is { } known)
        {
            _here[key] = known;
        }
        else
        {
            Remove(key);
        }
    }

    /// <summary>The grain of a task leaves this silo, or does not know what is stored.</summary>
    /// <param name="key">The task's <see cref="TaskKey"/>.</param>
    public void Remove(string key) => _here.TryRemove(key, out _);

    /// <summary>Whether the task has this revision now. False also if that is not known, since the grain of the task does not answer.</summary>
    /// <param name="key">The task's <see cref="TaskKey"/>.</param>
    /// <param name="revision">The <see cref="TaskDefinition.Revision"/> that the caller knows.</param>
    public ValueTask<bool> IsCurrentAsync(string key, Guid revision) =>
        _here.TryGetValue(key, out var current) ? new(current == revision) : new(ReadAsync(key, revision));

    private async Task<bool> ReadAsync(string key, Guid revision)
    {
        try
        {
            return await _reads.ReadAsync(key) == revision;
        }
        catch (Exception)
        {
            return false;
        }
    }
}
