using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Waiting;

/// <summary>A job that requests wait for at this gateway. All of them share it.</summary>
internal sealed class PendingJob(string key, IJobObserver observer)
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<WaitResult> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _calls = Task.CompletedTask;
    private List<string>? _tokens;
    private int _waiters;
    private bool _isClosed;
    private bool _isEstablished;
    private long _nextAttach = long.MaxValue;

    /// <summary>The job's <see cref="JobKey"/>.</summary>
    public string Key => key;

    /// <summary>This gateway's observer, to which the job's grain pushes.</summary>
    public IJobObserver Observer => observer;

    /// <summary>How many requests wait for it here.</summary>
    public int Waiters => Volatile.Read(ref _waiters);

    /// <summary>The version of this gateway's newest subscription to the job.</summary>
    public long Version { get; private set; }

    /// <summary>Whether all waiters that have left have disconnected: none was told that the job goes on, and where to ask for it.</summary>
    public bool AllDisconnected { get; private set; } = true;

    /// <summary>The token of any waiter, to ask TheEye with; null if the tokens are this cluster's own.</summary>
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

    /// <summary>How the wait ends for all, unless a waiter ends its own.</summary>
    public Task<WaitResult> End => _end.Task;

    /// <summary>Whether the job's grain need not hear that the waiters have left.</summary>
    public bool HasEnded => _end.Task is { IsCompletedSuccessfully: true, Result: not WaitResult.Draining };

    /// <summary>The timestamp at which the job's end was stored; null if it was not sent to those who wait, or not yet.</summary>
    public long? EndedAt { get; private set; }

    /// <param name="reply">The finished job, or that its record is lost.</param>
    /// <param name="endedAt">The timestamp at which the end was stored; null if it is not known.</param>
    public void Finish(JobReply reply, long? endedAt = null)
    {
        // Set before the waiters continue.
        EndedAt ??= endedAt;
        _end.TrySetResult(new WaitResult.Replied(reply));
    }

    /// <summary>The server stops: the waits end.</summary>
    public void Drain() => _end.TrySetResult(new WaitResult.Draining());

    /// <summary>The calls to the job's grain that are on their way: a Leave must not overtake one, since the subscription would stay.</summary>
    public Task Calls
    {
        get
        {
            lock (_lock)
            {
                return _calls;
            }
        }
    }

    /// <summary>A call with a subscription of this version is about to be sent, perhaps beside others.</summary>
    public void Subscribe(long version)
    {
        lock (_lock)
        {
            Version = Math.Max(Version, version);
        }
    }

    /// <summary>A call was sent.</summary>
    public void Called(Task call)
    {
        lock (_lock)
        {
            _calls = _calls.IsCompleted ? call : Task.WhenAll(_calls, call);
        }
    }

    /// <summary>The job's grain has replied that the job goes on. Before that only the first call itself asks for it.</summary>
    /// <param name="next">The latest time to attach again, by the timestamps of the schedule.</param>
    public void Establish(long next)
    {
        lock (_lock)
        {
            _isEstablished = true;
            if (_calls.IsCompleted)
            {
                // Each job that waits would keep its last call and its reply.
                _calls = Task.CompletedTask;
            }

            _nextAttach = Math.Min(_nextAttach, next);
        }
    }

    /// <summary>
    /// The job is due by then, or sooner. The time is kept even if the first reply is still to come: that reply may be older than the reason to attach.
    /// </summary>
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
        // Without the lock first: all jobs are asked this several times a second.
        if (Volatile.Read(ref _nextAttach) > now)
        {
            return false;
        }

        lock (_lock)
        {
            if (_isClosed || !_isEstablished || _nextAttach > now)
            {
                return false;
            }

            _nextAttach = next();
            return true;
        }
    }

    /// <summary>Adds a waiter.</summary>
    /// <param name="token">A token to ask TheEye with; null for none.</param>
    /// <returns>False: the last waiter has just left, and this object is not in use any more.</returns>
    public bool TryAddWaiter(string? token)
    {
        lock (_lock)
        {
            if (_isClosed)
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

    /// <summary>Removes a waiter.</summary>
    /// <param name="token">The token that it was added with.</param>
    /// <param name="isClientTold">Whether its client is told that the job goes on, and where to ask for it.</param>
    /// <returns>True: it was the last one.</returns>
    public bool RemoveWaiter(string? token, bool isClientTold)
    {
        lock (_lock)
        {
            AllDisconnected &= !isClientTold;
            if (token is not null)
            {
                _tokens!.Remove(token);
            }

            _isClosed = --_waiters == 0;
            return _isClosed;
        }
    }
}
