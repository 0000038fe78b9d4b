using StackExchange.Redis;
using SyncCluster.Harness;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Hosting.Tests.Clustering;

public sealed class RedisConnectionTests
{
    /// <summary>To find none would mean to an operator that there is nothing to rename or to remove.</summary>
    [Fact]
    public async Task Keys_of_a_Redis_that_is_away_are_not_known()
    {
        await using var redis = new RedisConnection(new() { Redis = $"127.0.0.1:{FreePort.Next()}" });
        await Assert.ThrowsAsync<RedisException>(async () => await redis.FindKeysAsync("*").FirstOrDefaultAsync());
    }
}
