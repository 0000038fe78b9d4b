using System.Collections.Concurrent;

namespace SyncCluster.Tasks;

/// <summary>
/// Tells the jobs of a silo whether a task is still as the gateway of a call has it. An answer is never older than its question: so a call that comes
/// after a task was deleted or replaced does not run as the task was before. All questions that come at once share a message to the task's grain.
/// <para>
/// While the grain is on this silo, most need none: what it has said last counts for a second. Not for longer, since only a message goes to the grain
/// that the cluster takes for the task's: one on a silo that was frozen, or that was replaced while the membership changed, may not know that it is not.
/// </para>
/// </summary>
internal sealed class TaskRevisions(IGrainFactory grains, TimeProvider timeProvider)
{
    /// <summary>Longer than a grain takes in a healthy cluster.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(100);

    /// <summary>Much shorter than a silo can be frozen before the others go on without it.</summary>
    private static readonly TimeSpan Validity = TimeSpan.FromSeconds(1);

    /// <summary>Two reads, one after the other, must end within a submit.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    private readonly ConcurrentDictionary<string, (Guid Revision, long SaidAt)> _here = new();
    private readonly RequestCoalescer<string, Guid?> _reads = new(key => grains.GetGrainByKey<ITaskGrain>(key).GetRevision(), Slow, timeProvider);

    /// <summary>The grain of a task, on this silo, was asked for its revision, or has stored it.</summary>
    /// <param name="key">The task's <see cref="TaskKey"/>.</param>
    /// <param name="revision">The revision; null if there is no task, or it has none.</param>
    public void Set(string key, Guid? revision)
    {
        if (revision is { } known)
        {
            _here[key] = (known, timeProvider.GetTimestamp());
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
        _here.TryGetValue(key, out var here) && timeProvider.GetElapsedTime(here.SaidAt) < Validity
            ? new(here.Revision == revision)
            : new(ReadAsync(key, revision));

    private async Task<bool> ReadAsync(string key, Guid revision)
    {
        try
        {
            return await _reads.ReadAsync(key).WaitAsync(Patience, timeProvider) == revision;
        }
        catch (Exception)
        {
            return false;
        }
    }
}
