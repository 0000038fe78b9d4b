namespace SyncCluster.Harness;

/// <summary>The machine's clock, put forward.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    private long _shift;
    private long _dateShift;

    public override long GetTimestamp() => System.GetTimestamp() + Volatile.Read(ref _shift);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Volatile.Read(ref _dateShift));

    /// <summary>Puts the date forward, which gateways and silos compare. Elapsed time stays as it is.</summary>
    public void ForwardDate(TimeSpan time) => Interlocked.Add(ref _dateShift, time.Ticks);

    /// <summary>Has time elapse. The date stays as it is.</summary>
    public void Forward(TimeSpan time) => Interlocked.Add(ref _shift, (long)(time.TotalSeconds * TimestampFrequency));
}
