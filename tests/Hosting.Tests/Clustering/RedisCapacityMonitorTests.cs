using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Hosting.Tests.Clustering;

public sealed class RedisCapacityMonitorTests
{
    [Theory]
    [InlineData(900, 1000, false)]
    [InlineData(901, 1000, true)]
    public void New_jobs_are_accepted_up_to_a_share_of_the_limit_of_Redis(long used, long limit, bool isFull) =>
        Assert.Equal(isFull, RedisCapacityMonitor.IsFull(Info(used, limit), new StorageOptions()));

    [Fact]
    public void The_share_can_be_configured() =>
        Assert.False(RedisCapacityMonitor.IsFull(Info(used: 901, limit: 1000), new StorageOptions { RedisShare = 0.95 }));

    [Fact]
    public void A_Redis_without_a_limit_is_never_full() => Assert.False(RedisCapacityMonitor.IsFull(Info(used: 901, limit: 0), new StorageOptions()));

    [Fact]
    public void A_Redis_without_a_limit_can_be_given_one() =>
        Assert.True(RedisCapacityMonitor.IsFull(Info(used: 901, limit: 0), new StorageOptions { RedisMemory = 1000 }));

    [Fact]
    public void A_Redis_that_says_nothing_is_not_full() => Assert.False(RedisCapacityMonitor.IsFull([], new StorageOptions()));

    private static Dictionary<string, string> Info(long used, long limit) => new() { ["used_memory"] = $"{used}", ["maxmemory"] = $"{limit}" };
}
