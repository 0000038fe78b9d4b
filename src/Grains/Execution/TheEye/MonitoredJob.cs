using SyncCluster.Jobs;

namespace SyncCluster.Execution.TheEye;

/// <summary>
/// A job of TheEye that this silo monitors, and what is known of its release. One loop works on it. Other threads only change this state and wake the
/// loop.
/// </summary>
internal sealed class MonitoredJob(JobSpec spec, TimeProvider timeProvider)
{
    private readonly Lock _lock = new();
    private volatile TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile CallerTokens _tokens = new();
    private volatile CallerTokens _formerTokens = new();
    private int _wakeReasons;
    private Backoff _backoff = RetryPolicy.Read.NewBackoff();
    private Guid _attempt;
    private Release? _release;
    private bool _isReleasing;
    private bool _isUnreleased;
    private int _failedReleases;
    private string? _releaseFailure;
    private long? _syncingSince;
    private bool _isEndAnnounced;
    private long _requestedAt = timeProvider.GetTimestamp();
    private long _plannedAt;
    private long _checkAt = long.MaxValue;

    public JobSpec Spec { get; private set; } = spec;

    /// <summary>The job's <see cref="JobKey"/>.</summary>
    public string Key => JobKey.Of(Spec.Customer, Spec.JobId);

    /// <summary>
    /// The newest tokens of the callers that wait for the job. While a new activation of the job's grain has no callers yet, the tokens of the former
    /// callers.
    /// </summary>
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

    /// <summary>
    /// Why the job must not be released once more, for its caller; null if it may. It counts once the last release has provably done nothing.
    /// </summary>
    public string? ReleaseFailure
    {
        get => Volatile.Read(ref _releaseFailure);
        set => Volatile.Write(ref _releaseFailure, value);
    }

    /// <summary>The time since a grain last asked for the job.</summary>
    public TimeSpan IdleTime => timeProvider.GetElapsedTime(Volatile.Read(ref _requestedAt));

    /// <summary>Wakes the job's loop.</summary>
    public void Wake(WakeReasons reasons)
    {
        Interlocked.Or(ref _wakeReasons, (int)reasons);
        _woken.TrySetResult();
    }

    /// <summary>Waits until the loop is woken, and returns all reasons since the last time.</summary>
    public async Task<WakeReasons> WaitAsync(CancellationToken stop)
    {
        await _woken.Task.WaitAsync(stop);
        _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return (WakeReasons)Interlocked.Exchange(ref _wakeReasons, 0);
    }

    /// <summary>Gives an attempt of this silo the right to release the job.</summary>
    public void BeginRelease(Release release)
    {
        lock (_lock)
        {
            Spec = release.Spec;
            (_attempt, _release, _isReleasing, _isUnreleased, _syncingSince) = (release.Attempt, release, true, false, null);
            SetTokens(release.Tokens);
        }

        Volatile.Write(ref _requestedAt, timeProvider.GetTimestamp());
        Wake(WakeReasons.Release);
    }

    /// <summary>The release that is to be sent; null if there is none. Each is returned once.</summary>
    public Release? TakeRelease()
    {
        lock (_lock)
        {
            var release = _release;
            _release = null;
            return release;
        }
    }

    /// <summary>A release was sent, or never will be.</summary>
    /// <param name="attempt">The attempt of the release.</param>
    /// <param name="mayHaveArrived">False: it provably did not reach the supervisor, and never will.</param>
    public void EndRelease(Guid attempt, bool mayHaveArrived)
    {
        lock (_lock)
        {
            if (attempt == _attempt)
            {
                _isReleasing = false;
                _isUnreleased = !mayHaveArrived;
            }
        }
    }

    /// <summary>A release that may have arrived was not confirmed, by whatever attempt of this silo.</summary>
    /// <returns>How many there were.</returns>
    public int CountFailedRelease() => Interlocked.Increment(ref _failedReleases);

    /// <summary>Notes the attempt that stands in storage, of this silo or another, and the newest tokens.</summary>
    /// <returns>Whether the attempt has provably released nothing, and never will.</returns>
    public bool Observe(Guid attempt, CallerTokens tokens)
    {
        Volatile.Write(ref _requestedAt, timeProvider.GetTimestamp());
        lock (_lock)
        {
            SetTokens(tokens);
            ObserveAttempt(attempt);
            return _isUnreleased;
        }
    }

    /// <summary>Another silo has found out that the attempt that stands in storage has released nothing, and never will.</summary>
    public void ObserveNotReleased(Guid attempt)
    {
        lock (_lock)
        {
            ObserveAttempt(attempt);
            _isUnreleased |= !_isReleasing;
        }
    }

    /// <summary>
    /// The supervisor says that the job is not released. Two such reads prove that an attempt which may have sent a release has released nothing, and
    /// never will: both must come after the attempt was seen to stand, and they must be further apart than a release may be under way.
    /// </summary>
    /// <param name="attempt">The attempt that stood when the read was begun.</param>
    /// <param name="readAt">When the read was begun.</param>
    /// <param name="settleTime">How long a release may be under way.</param>
    /// <returns>The time until that may be proven; null if it is.</returns>
    public TimeSpan? ObserveUnreleased(Guid attempt, long readAt, TimeSpan settleTime)
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

    /// <summary>The supervisor says that the job is released and has not ended. Plans the next check.</summary>
    /// <param name="endAnnounced">Whether Redis has announced the end.</param>
    /// <param name="pause">The pause before the next check if Redis never has.</param>
    public void ObserveRunning(bool endAnnounced, TimeSpan pause)
    {
        lock (_lock)
        {
            _isUnreleased = false;
            _syncingSince = null;

            // The end may have been announced before it was saved.
            _isEndAnnounced |= endAnnounced;
            if (!_isEndAnnounced)
            {
                _backoff = RetryPolicy.Read.NewBackoff();
            }

            PlanCheck(_isEndAnnounced ? _backoff.Next() : pause);
        }
    }

    /// <summary>Plans the next check after a pause that grows each time.</summary>
    public void CheckSoon()
    {
        lock (_lock)
        {
            PlanCheck(_backoff.Next());
        }
    }

    /// <summary>Plans the next check after a pause.</summary>
    public void CheckAfter(TimeSpan pause)
    {
        lock (_lock)
        {
            PlanCheck(pause);
        }
    }

    /// <summary>Whether the planned check is due. True is returned once for each plan.</summary>
    /// <param name="now">The time.</param>
    /// <param name="longest">A limit of the pause before the check; null for none.</param>
    public bool IsDue(long now, TimeSpan? longest)
    {
        lock (_lock)
        {
            var checkAt = longest is { } limit ? Math.Min(_checkAt, _plannedAt + Ticks(limit)) : _checkAt;
            if (_checkAt == long.MaxValue || now < checkAt)
            {
                return false;
            }

            _checkAt = long.MaxValue;
            return true;
        }
    }

    private void ObserveAttempt(Guid attempt)
    {
        if (attempt != _attempt)
        {
            (_attempt, _isReleasing, _isUnreleased, _syncingSince) = (attempt, false, false, null);
        }
    }

    private void SetTokens(CallerTokens tokens)
    {
        if (_tokens.NewestFirst.Count > 0)
        {
            _formerTokens = _tokens;
        }

        _tokens = tokens;
    }

    private void PlanCheck(TimeSpan pause)
    {
        _plannedAt = timeProvider.GetTimestamp();
        _checkAt = _plannedAt + Ticks(pause);
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * timeProvider.TimestampFrequency);
}
