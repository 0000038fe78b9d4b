namespace SyncCluster.Scripts.Tests;

/// <summary>The machine's clock, but a timeout of <see cref="Length"/> is over when the test says so.</summary>
internal sealed class HeldTimeout : TimeProvider
{
    /// <summary>No other time that is waited for is as long.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromMinutes(59);

    private ITimer? _timer;

    /// <summary>Has the timeout be over that has begun.</summary>
    public void End() => _timer?.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime != Length)
        {
            return base.CreateTimer(callback, state, dueTime, period);
        }

        _timer = base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, period);
        return _timer;
    }
}
