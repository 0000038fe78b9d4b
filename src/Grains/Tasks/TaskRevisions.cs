using System.Collections.Concurrent;
using SyncCluster.Execution;

namespace SyncCluster.Tasks;

/// <summary>
/// Tells the jobs of a silo whether a task is still as the gateway of a call has it: a call that comes after a task was deleted or replaced does not run as the
/// task was before. The task's grain is asked; all questions that come at once share a message to it.
/// <para>
/// Most questions need none: what the grain has said counts for two seconds. Before a task changes, its grain has all silos forget what it has said to them;
/// one that does not answer is given that time. Not longer, since a grain on a silo that was frozen, or that was replaced while the membership
/// changed, may not know that the task has changed.
/// </para>
/// </summary>
internal sealed class TaskRevisions
{
    /// <summary>Longer than a grain takes in a healthy cluster.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(100);

    /// <summary>Much shorter than a silo can be frozen before the others go on without it, and than a read of the task may wait for its change.</summary>
    private static readonly TimeSpan Validity = TimeSpan.FromSeconds(2);

    /// <summary>What a timer may be early by, and more.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(50);

    /// <summary>Two reads, one after the other, must end within a submit.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    /// <summary>The tasks of which is kept what their grains have said.</summary>
    private const int MaxKnown = 10_000;

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, (Guid Revision, long AskedAt)> _known = new();
    private readonly IGrainFactory _grains;
    private readonly SiloAddress _silo;
    private readonly TimeProvider _timeProvider;
    private readonly RequestCoalescer<string, Guid?> _reads;
    private long _forgotten;

    public TaskRevisions(IGrainFactory grains, ILocalSiloDetails silo, TimeProvider timeProvider)
    {
        (_grains, _silo, _timeProvider) = (grains, silo.SiloAddress, timeProvider);
        _reads = new(AskGrainAsync, Slow, timeProvider);
    }

    /// <summary>Whether the task has this revision now, by what its grain has said a moment ago.</summary>
    /// <param name="key">The task's <see cref="TaskKey"/>.</param>
    /// <param name="revision">The <see cref="TaskDefinition.Revision"/> that the caller knows.</param>
    public bool IsKnownAsCurrent(string key, Guid revision) => FindKnown(key) == revision;

    /// <summary>Whether the task has this revision now. False also if that is not known, since the grain of the task does not answer.</summary>
    /// <param name="key">The task's <see cref="TaskKey"/>.</param>
    /// <param name="revision">The <see cref="TaskDefinition.Revision"/> that the caller knows.</param>
    public ValueTask<bool> IsCurrentAsync(string key, Guid revision) =>
        FindKnown(key) is { } known ? new(known == revision) : new(ReadAsync(key, revision));

    /// <summary>The grain of a task must be asked again. What it has said to a question that is on its way counts for that question alone.</summary>
    /// <param name="key">The task's <see cref="TaskKey"/>.</param>
    public void Forget(string key)
    {
        lock (_lock)
        {
            _forgotten++;
            _known.TryRemove(key, out _);
        }
    }

    /// <summary>Has a silo forget what a grain has said to it. After that, or after the time for which that counts, it asks again.</summary>
    /// <param name="key">The task's <see cref="TaskKey"/>.</param>
    /// <param name="silo">This silo or another one.</param>
    /// <param name="saidAt">The timestamp at which the grain has said it, on this silo.</param>
    public async Task ForgetAtAsync(string key, SiloAddress silo, long saidAt)
    {
        if (Left(saidAt) is not { } left)
        {
            return;
        }

        if (silo.Equals(_silo))
        {
            Forget(key);
            return;
        }

        try
        {
            await _grains.GetGrainService<ITaskRevisionService>(GrainServiceTypes.TaskRevisions, silo).Forget(key).WaitAsync(left, _timeProvider);
        }
        catch (Exception)
        {
            await Task.Delay(Left(saidAt) ?? TimeSpan.Zero, _timeProvider);
        }
    }

    /// <summary>The revision that the grain of a task has said a moment ago; null if it must be asked.</summary>
    private Guid? FindKnown(string key) =>
        _known.TryGetValue(key, out var known) && _timeProvider.GetElapsedTime(known.AskedAt) < Validity ? known.Revision : null;

    private async Task<bool> ReadAsync(string key, Guid revision)
    {
        try
        {
            return await _reads.ReadAsync(key).WaitAsync(Patience, _timeProvider) == revision;
        }
        catch (Exception)
        {
            return false;
        }
    }

    private async Task<Guid?> AskGrainAsync(string key)
    {
        var askedAt = _timeProvider.GetTimestamp();
        var forgotten = Volatile.Read(ref _forgotten);
        var revision = await _grains.GetGrainByKey<ITaskGrain>(key).GetRevision(_silo).ConfigureAwait(false);
        if (revision is { } known)
        {
            Keep(key, known, askedAt, forgotten);
        }

        return revision;
    }

    private void Keep(string key, Guid revision, long askedAt, long forgotten)
    {
        lock (_lock)
        {
            // Else the grain may have had this silo forget the answer, before it came.
            if (forgotten == _forgotten)
            {
                if (_known.Count >= MaxKnown && !_known.ContainsKey(key))
                {
                    _known.Clear();
                }

                _known[key] = (revision, askedAt);
            }
        }
    }

    /// <summary>For how long an answer may still count; null if it does not any longer.</summary>
    private TimeSpan? Left(long saidAt) =>
        Validity + Margin - _timeProvider.GetElapsedTime(saidAt) is var left && left > TimeSpan.Zero ? left : null;
}
