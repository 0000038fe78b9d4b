using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Hosting.Tests.Clustering;

public sealed class ClusterClockTests
{
    private readonly ClusterClock _clock = new(new Machine());

    [Fact]
    public void Without_a_correction_the_time_is_the_machines() => Assert.Equal(Machine.Now, _clock.GetUtcNow());

    [Fact]
    public void The_time_is_corrected_and_elapsed_time_is_not()
    {
        _clock.Offset = TimeSpan.FromSeconds(-7);
        Assert.Equal(Machine.Now.AddSeconds(-7), _clock.GetUtcNow());
        Assert.Equal(42, _clock.GetTimestamp());
        Assert.Equal(TimeSpan.FromSeconds(2), _clock.GetElapsedTime(0, 2000));
    }

    [Fact]
    public void Timers_are_the_machines()
    {
        var machine = new Machine();
        Assert.Same(machine, ClusterClock.TimersOf(new ClusterClock(machine)));
        Assert.Same(machine, ClusterClock.TimersOf(machine));
    }

    private sealed class Machine : TimeProvider
    {
        public static DateTimeOffset Now { get; } = DateTimeOffset.UnixEpoch.AddYears(50);

        public override long TimestampFrequency => 1000;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => 42;
    }
}
