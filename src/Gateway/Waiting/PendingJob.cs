using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Waiting;

/// <summary>A job that somebody waits for at this gateway. All its waiters share it.</summary>
internal sealed class PendingJob(string key, IJobObserver observer)
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<WaitResult> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<string>? _tokens;
    private int _waiters;
    private bool _left;
    private bool _established;
    private long _nextAttach = long.MaxValue;

    public string Key => key;

    public IJobObserver Observer => observer;

    /// <summary>The version of this gateway's newest subscription to the job.</summary>
    public long Version { get; private set; }

    /// <summary>The token of one of the waiters, whoever: what TheEye may be asked with. Null where tokens are this cluster's own.</summary>
    public string? Token
    {
        get
        {
            lock (_lock)
            {
                return _tokens is { Count: > 0 } ? _tokens[Random.Shared.Next(_tokens.Count)] : null;
            }
        }
    }

    /// <summary>How the wait for it ends, unless a waiter ends its own.</summary>
    public Task<WaitResult> End => _end.Task;

    /// <summary>Whether its grain need not hear that nobody waits any more.</summary>
    public bool HasEnded => _end.Task is { IsCompletedSuccessfully: true, Result: not WaitResult.Draining };

    /// <param name="job">The finished job; null when its record is lost.</param>
    public void Finish(FinishedJob? job) => _end.TrySetResult(job is null ? new WaitResult.NotFound() : new WaitResult.Finished(job));

    /// <summary>The server stops: nobody waits for it here any longer.</summary>
    public void Drain() => _end.TrySetResult(new WaitResult.Draining());

    /// <summary>A call with a subscription of this version is sent, perhaps beside others.</summary>
    public void Subscribe(long version)
    {
        lock (_lock)
        {
            Version = Math.Max(Version, version);
        }
    }

    /// <summary>The job's grain has answered that the job goes on. Before that nothing is asked but by the first call itself.</summary>
    /// <param name="next">When to attach again at the latest, by the clock of the hub.</param>
    public void Establish(long next)
    {
        lock (_lock)
        {
            _established = true;
            _nextAttach = Math.Min(_nextAttach, next);
        }
    }

    /// <summary>Attach again by then, or sooner. It is kept although the first answer, which may be older than its cause, is still to come.</summary>
    public void AttachBy(long time)
    {
        lock (_lock)
        {
            _nextAttach = Math.Min(_nextAttach, time);
        }
    }

    /// <summary>Whether it is time to attach again; if so, the next time is set.</summary>
    public bool IsDue(long now, Func<long> next)
    {
        // Asked of all, all the time.
        if (Volatile.Read(ref _nextAttach) > now)
        {
            return false;
        }

        lock (_lock)
        {
            if (_left || !_established || _nextAttach > now)
            {
                return false;
            }

            _nextAttach = next();
            return true;
        }
    }

    /// <summary>Adds a waiter. False: the last one has just left, and this object is not in use any more.</summary>
    /// <param name="token">What TheEye may be asked with in the waiter's name; null for nothing.</param>
    public bool TryEnter(string? token)
    {
        lock (_lock)
        {
            if (_left)
            {
                return false;
            }

            _waiters++;
            if (token is not null)
            {
                (_tokens ??= []).Add(token);
            }

            return true;
        }
    }

    /// <summary>Whether none of those who have waited was told that the job goes on, and where to ask for it.</summary>
    public bool IsAbandoned { get; private set; } = true;

    /// <summary>Takes a waiter off. True: it was the last one.</summary>
    /// <param name="token">What it came with.</param>
    /// <param name="isTold">Whether its client is told that the job goes on.</param>
    public bool Leave(string? token, bool isTold)
    {
        lock (_lock)
        {
            IsAbandoned &= !isTold;
            if (token is not null)
            {
                _tokens!.Remove(token);
            }

            _left = --_waiters == 0;
            return _left;
        }
    }
}
