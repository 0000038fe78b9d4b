using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Waiting;

/// <summary>A job that somebody waits for at this gateway. All its waiters share it.</summary>
internal sealed class WaitedJob(string key, IJobObserver observer)
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<FinishedJob?> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiters;
    private bool _left;

    public string Key => key;

    public IJobObserver Observer => observer;

    /// <summary>The version of this gateway's newest subscription to the job.</summary>
    public long Version { get; set; }

    /// <summary>When to attach again, by the clock of the hub; before the first answer of the job's grain, never.</summary>
    public long NextAttach { get; set; } = long.MaxValue;

    /// <summary>The finished job; null when its record is lost.</summary>
    public Task<FinishedJob?> End => _end.Task;

    public void Finish(FinishedJob? job) => _end.TrySetResult(job);

    /// <summary>Adds a waiter. False: the last one has just left, and this object is not in use any more.</summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (_left)
            {
                return false;
            }

            _waiters++;
            return true;
        }
    }

    /// <summary>Takes a waiter off. True: it was the last one.</summary>
    public bool Leave()
    {
        lock (_lock)
        {
            _left = --_waiters == 0;
            return _left;
        }
    }
}
