namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// The time that all processes of a cluster have in common: their machines' clocks, corrected to the clock of the cluster's Redis. A gateway tells a
/// silo until when a call is valid, and that is less than machines' clocks may differ. Timers and elapsed time are the machine's own.
/// </summary>
/// <param name="machine">The machine's clock.</param>
internal sealed class ClusterClock(TimeProvider machine) : TimeProvider
{
    private readonly TimeProvider _machine = machine;
    private long _offset;

    /// <summary>The clock for timers that run by a clock: theirs is the machine's own, and the framework has cheaper timers for it than for any other.</summary>
    public static TimeProvider TimersOf(TimeProvider clock) => clock is ClusterClock cluster ? cluster._machine : clock;

    /// <summary>How far the clock of Redis is ahead of the machine's. <see cref="ClockMonitor"/> measures it.</summary>
    public TimeSpan Offset
    {
        get => new(Volatile.Read(ref _offset));
        set => Volatile.Write(ref _offset, value.Ticks);
    }

    /// <inheritdoc/>
    public override long TimestampFrequency => _machine.TimestampFrequency;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => _machine.LocalTimeZone;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _machine.GetUtcNow() + Offset;

    /// <inheritdoc/>
    public override long GetTimestamp() => _machine.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _machine.CreateTimer(callback, state, dueTime, period);
}
