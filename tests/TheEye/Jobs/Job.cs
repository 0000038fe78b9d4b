namespace SyncCluster.TheEye.Jobs;

/// <summary>
/// The record of one job. The lock covers each read and each write of its state, but not a read and the save that follows it: that is
/// unprotected, as in the original.
/// </summary>
internal sealed class Job(string id, TaskOfCustomer owner, TheEyeUser? user, ReadOnlyMemory<byte> arguments, byte[] body, DateTimeOffset now)
{
    private readonly Lock _lock = new();
    private readonly List<string> _tokens = new(1);
    private CancellationTokenSource? _cancel;
    private string _lifecycle = "";
    private string _state = "in_progress";
    private JobEnd? _end;
    private DateTimeOffset _lastUpdate = now;
    private int _runs;
    private int _syncedCalls;
    private int _fetches;
    private bool _fetchedEnded;
    private bool _removed;

    public string Id => id;

    public TaskOfCustomer Owner => owner;

    /// <summary>Null for a call with the task's secret.</summary>
    public TheEyeUser? User => user;

    public ReadOnlyMemory<byte> Arguments => arguments;

    public DateTimeOffset CreatedAt { get; } = now;

    public bool Removed
    {
        get
        {
            lock (_lock)
            {
                return _removed;
            }
        }
    }

    public void Begin(string lifecycle)
    {
        lock (_lock)
        {
            _lifecycle = lifecycle;
        }
    }

    public void Seen(string token)
    {
        lock (_lock)
        {
            if (!_tokens.Contains(token))
            {
                _tokens.Add(token);
            }
        }
    }

    /// <summary>The read of <c>synced</c>.</summary>
    public string ReadForSynced()
    {
        lock (_lock)
        {
            _syncedCalls++;
            return _lifecycle;
        }
    }

    /// <summary>The save of <c>synced</c>: sets <c>ready</c> whatever the lifecycle is by now, and returns the former one.</summary>
    public string SaveReady(DateTimeOffset at)
    {
        lock (_lock)
        {
            var before = _lifecycle;
            _lifecycle = Lifecycle.Ready;
            _lastUpdate = at;
            return before;
        }
    }

    /// <summary>Puts the job on hold; false where an agent has it or it has ended.</summary>
    public bool TryHold(DateTimeOffset at)
    {
        lock (_lock)
        {
            if (_lifecycle is not (Lifecycle.Syncing or Lifecycle.Ready or Lifecycle.OnHold))
            {
                return false;
            }

            _lifecycle = Lifecycle.OnHold;
            _lastUpdate = at;
            return true;
        }
    }

    /// <summary>Assigns a ready job to an agent; returns the number of this start, or 0 where the job is not ready.</summary>
    public int Assign(DateTimeOffset at, out CancellationToken canceled)
    {
        lock (_lock)
        {
            canceled = default;
            if (_removed || _lifecycle != Lifecycle.Ready)
            {
                return 0;
            }

            _cancel ??= new CancellationTokenSource();
            canceled = _cancel.Token;
            _lifecycle = Lifecycle.Assigned;
            _lastUpdate = at;
            return ++_runs;
        }
    }

    /// <summary>Ends the job unless it is deleted or <paramref name="from"/> has no end for its lifecycle.</summary>
    public bool TryEnd(Func<string, JobEnd?> from, DateTimeOffset at)
    {
        CancellationTokenSource? cancel;
        lock (_lock)
        {
            if (_removed || from(_lifecycle) is not { } end)
            {
                return false;
            }

            cancel = _lifecycle == Lifecycle.Assigned ? _cancel : null;
            _cancel = null;
            _lifecycle = end.Lifecycle;
            _state = end.State;
            _end = end;
            _lastUpdate = at;
        }

        cancel?.Cancel();
        return true;
    }

    /// <summary>Deletes the job.</summary>
    /// <param name="onlyEnded">Keeps a job that has not ended.</param>
    public RemovalOutcome Remove(bool onlyEnded)
    {
        lock (_lock)
        {
            if (_removed || (onlyEnded && !Lifecycle.HasEnded(_lifecycle)))
            {
                return RemovalOutcome.Kept;
            }

            _removed = true;
            _end = null;
            return _fetchedEnded ? RemovalOutcome.Removed : RemovalOutcome.RemovedUnfetched;
        }
    }

    public byte[] Document()
    {
        lock (_lock)
        {
            return JobDocument.Render(this, _lifecycle, _state, _end, _lastUpdate);
        }
    }

    /// <summary>The document, counted as fetched; null for a deleted job.</summary>
    public byte[]? Fetch()
    {
        lock (_lock)
        {
            if (_removed)
            {
                return null;
            }

            _fetches++;
            _fetchedEnded |= Lifecycle.HasEnded(_lifecycle);
            return JobDocument.Render(this, _lifecycle, _state, _end, _lastUpdate);
        }
    }

    public JobSnapshot Snapshot()
    {
        lock (_lock)
        {
            return new JobSnapshot
            {
                Id = id,
                Task = owner.Task,
                Lifecycle = _lifecycle,
                State = _state,
                Runs = _runs,
                SyncedCalls = _syncedCalls,
                Fetches = _fetches,
                LastBody = body,
                Tokens = [.. _tokens],
                Removed = _removed,
            };
        }
    }
}

internal enum RemovalOutcome
{
    Kept,
    Removed,
    RemovedUnfetched,
}
