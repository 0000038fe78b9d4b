using SyncCluster.Hosting.Clustering;
using SyncCluster.Storage;

namespace SyncCluster.Hosting.Tests.Clustering;

public sealed class RedisCapacityMonitorTests
{
    [Theory]
    [InlineData(900, "Room")]
    [InlineData(901, "NearlyFull")]
    [InlineData(950, "NearlyFull")]
    [InlineData(951, "Full")]
    public void Above_a_share_of_the_limit_of_Redis_only_some_new_jobs_are_accepted_and_then_none(long used, string level) =>
        Assert.Equal(level, $"{RedisCapacityMonitor.LevelOf(Info(used, limit: 1000), new StorageOptions())}");

    [Fact]
    public void The_share_can_be_configured() =>
        Assert.Equal(StorageLevel.Room, RedisCapacityMonitor.LevelOf(Info(used: 901, limit: 1000), new StorageOptions { RedisShare = 0.95 }));

    [Fact]
    public void A_Redis_without_a_limit_is_never_full() =>
        Assert.Equal(StorageLevel.Room, RedisCapacityMonitor.LevelOf(Info(used: 990, limit: 0), new StorageOptions()));

    [Fact]
    public void A_Redis_without_a_limit_can_be_given_one() =>
        Assert.Equal(StorageLevel.Full, RedisCapacityMonitor.LevelOf(Info(used: 990, limit: 0), new StorageOptions { RedisMemory = 1000 }));

    [Fact]
    public void A_Redis_that_says_nothing_is_not_full() => Assert.Equal(StorageLevel.Room, RedisCapacityMonitor.LevelOf([], new StorageOptions()));

    private static Dictionary<string, string> Info(long used, long limit) => new() { ["used_memory"] = $"{used}", ["maxmemory"] = $"{limit}" };
}
