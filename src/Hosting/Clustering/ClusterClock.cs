namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// The time that all processes of a cluster have in common: their machines' clocks, corrected to the clock of the cluster's Redis. A gateway tells a
/// silo until when a call is valid, and that is less than machines' clocks may differ. Timers and elapsed time are the machine's own.
/// </summary>
/// <param name="machine">The machine's clock.</param>
internal sealed class ClusterClock(TimeProvider machine) : TimeProvider
{
    private long _offset;

    /// <summary>How far the clock of Redis is ahead of the machine's. <see cref="ClockMonitor"/> measures it.</summary>
    public TimeSpan Offset
    {
        get => new(Volatile.Read(ref _offset));
        set => Volatile.Write(ref _offset, value.Ticks);
    }

    /// <inheritdoc/>
    public override long TimestampFrequency => machine.TimestampFrequency;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => machine.LocalTimeZone;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => machine.GetUtcNow() + Offset;

    /// <inheritdoc/>
    public override long GetTimestamp() => machine.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        machine.CreateTimer(callback, state, dueTime, period);
}
