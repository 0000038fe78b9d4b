using SyncCluster.Jobs;

namespace SyncCluster.Execution.TheEye;

/// <summary>Why a watched job is looked at.</summary>
[Flags]
internal enum WakeReasons
{
    None = 0,

    /// <summary>The supervisor is to be asked.</summary>
    Look = 1,

    /// <summary>Redis says that it has ended.</summary>
    Heard = 2,

    /// <summary>It is to be released.</summary>
    Release = 4,
}

/// <summary>A job of TheEye that this silo watches, and what is known of its release. One loop works on it; others only wake that.</summary>
internal sealed class MonitoredJob(JobSpec spec, TimeProvider timeProvider)
{
    private readonly Lock _lock = new();
    private volatile TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile CallerTokens _tokens = new();
    private volatile CallerTokens _formerTokens = new();
    private int _causes;
    private Backoff _backoff = RetryPolicy.Read.NewBackoff();
    private Guid _attempt;
    private Release? _release;
    private bool _isReleasing;
    private bool _isUnreleased;
    private long? _syncingSince;
    private bool _isHeard;
    private long _askedAt = timeProvider.GetTimestamp();
    private long _plannedAt;
    private long _lookAt = long.MaxValue;

    public JobSpec Spec { get; private set; } = spec;

    public string Key => JobKey.Of(Spec.Customer, Spec.JobId);

    /// <summary>The newest tokens of those who wait for the job; where its grain has come back and nobody has come to it yet, of those who waited before.</summary>
    public IReadOnlyList<string> Tokens => _tokens.NewestFirst is { Count: > 0 } newest ? newest : _formerTokens.NewestFirst;

    /// <summary>The attempt that may have released the job.</summary>
    public Guid Attempt
    {
        get
        {
            lock (_lock)
            {
                return _attempt;
            }
        }
    }

    public void Wake(WakeReasons causes)
    {
        Interlocked.Or(ref _causes, (int)causes);
        _woken.TrySetResult();
    }

    /// <summary>How long ago somebody has asked for the job.</summary>
    public TimeSpan Unasked => timeProvider.GetElapsedTime(Volatile.Read(ref _askedAt));

    /// <summary>Waits until there is something to do.</summary>
    public async Task<WakeReasons> NextAsync(CancellationToken stop)
    {
        await _woken.Task.WaitAsync(stop);
        _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return (WakeReasons)Interlocked.Exchange(ref _causes, 0);
    }

    /// <summary>An attempt that is this silo's: it may release the job.</summary>
    public void Take(Release release)
    {
        lock (_lock)
        {
            Spec = release.Spec;
            (_attempt, _release, _isReleasing, _isUnreleased, _syncingSince) = (release.Attempt, release, true, false, null);
            Use(release.Tokens);
        }

        Volatile.Write(ref _askedAt, timeProvider.GetTimestamp());
        Wake(WakeReasons.Release);
    }

    /// <summary>The release that is to be carried out; each is given once.</summary>
    public Release? TakeRelease()
    {
        lock (_lock)
        {
            var release = _release;
            _release = null;
            return release;
        }
    }

    /// <summary>What came of a release.</summary>
    /// <param name="attempt">Its attempt.</param>
    /// <param name="arrived">False: it provably did not reach the supervisor, and never will.</param>
    public void Released(Guid attempt, bool arrived)
    {
        lock (_lock)
        {
            if (attempt == _attempt)
            {
                _isReleasing = false;
                _isUnreleased = !arrived;
            }
        }
    }

    /// <summary>The attempt that stands in storage, whosever it is.</summary>
    /// <returns>Whether it has provably released nothing, and never will.</returns>
    public bool Observe(Guid attempt, CallerTokens tokens)
    {
        Volatile.Write(ref _askedAt, timeProvider.GetTimestamp());
        lock (_lock)
        {
            Use(tokens);
            if (attempt != _attempt)
            {
                (_attempt, _isReleasing, _isUnreleased, _syncingSince) = (attempt, false, false, null);
            }

            return _isUnreleased;
        }
    }

    /// <summary>
    /// The supervisor says that the job is not released. An attempt that may have sent a release has provably released nothing, and never will, when
    /// two reads of the job that both came after the attempt was seen to stand, and are further apart than a release may be under way, say so.
    /// </summary>
    /// <param name="attempt">The attempt that stood when the read was begun.</param>
    /// <param name="readAt">When the read was begun.</param>
    /// <param name="settleTime">How long a release may be under way.</param>
    /// <returns>When that may be known; nothing where it is.</returns>
    public TimeSpan? IsSyncing(Guid attempt, long readAt, TimeSpan settleTime)
    {
        lock (_lock)
        {
            if (attempt != _attempt || _isReleasing)
            {
                return settleTime;
            }

            _syncingSince ??= readAt;
            var settling = settleTime - timeProvider.GetElapsedTime(_syncingSince.Value, readAt);
            _isUnreleased |= settling < TimeSpan.Zero;
            return _isUnreleased ? null : settling;
        }
    }

    /// <summary>The supervisor says that the job is released and has not ended.</summary>
    /// <param name="heard">Whether Redis has said that it has.</param>
    /// <param name="pause">How long to wait before the supervisor is asked again, if Redis never has.</param>
    public void GoesOn(bool heard, TimeSpan pause)
    {
        lock (_lock)
        {
            _isUnreleased = false;
            _syncingSince = null;

            // Published before it was saved, perhaps.
            _isHeard |= heard;
            if (!_isHeard)
            {
                _backoff = RetryPolicy.Read.NewBackoff();
            }

            SetLook(_isHeard ? _backoff.Next() : pause);
        }
    }

    /// <summary>Looks again after a pause that grows each time.</summary>
    public void LookSoon()
    {
        lock (_lock)
        {
            SetLook(_backoff.Next());
        }
    }

    /// <summary>Looks again in some time.</summary>
    public void LookIn(TimeSpan time)
    {
        lock (_lock)
        {
            SetLook(time);
        }
    }

    /// <summary>Whether it is time to look; said once a plan.</summary>
    /// <param name="now">The time.</param>
    /// <param name="longest">The longest pause, however the plan is; null for none.</param>
    public bool IsDue(long now, TimeSpan? longest)
    {
        lock (_lock)
        {
            var lookAt = longest is { } limit ? Math.Min(_lookAt, _plannedAt + Ticks(limit)) : _lookAt;
            if (_lookAt == long.MaxValue || now < lookAt)
            {
                return false;
            }

            _lookAt = long.MaxValue;
            return true;
        }
    }

    private void Use(CallerTokens tokens)
    {
        if (_tokens.NewestFirst.Count > 0)
        {
            _formerTokens = _tokens;
        }

        _tokens = tokens;
    }

    private void SetLook(TimeSpan time)
    {
        _plannedAt = timeProvider.GetTimestamp();
        _lookAt = _plannedAt + Ticks(time);
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * timeProvider.TimestampFrequency);
}
