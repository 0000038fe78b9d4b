using System.Net;
using Microsoft.Extensions.Options;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Hosting.Tests.Clustering;

public sealed class RedisStartupCheckTests
{
    private static readonly EndPoint Redis = new DnsEndPoint("redis.internal", 6379);

    [Theory]
    [InlineData("allkeys-lru")]
    [InlineData("volatile-ttl")]
    public void A_Redis_that_evicts_is_refused_with_what_to_set(string policy)
    {
        var refusal = Assert.Throws<OptionsValidationException>(
            () => RedisStartupCheck.RequireNoEviction(new(Redis, [KeyValuePair.Create("maxmemory_policy", policy)])));
        Assert.Contains($"may evict what it holds (maxmemory-policy {policy})", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Set its maxmemory-policy to noeviction.", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_Redis_that_does_not_evict_is_accepted()
    {
        Assert.Null(Record.Exception(() => RedisStartupCheck.RequireNoEviction(new(Redis, [KeyValuePair.Create("maxmemory_policy", "noeviction")]))));
        Assert.Null(Record.Exception(() => RedisStartupCheck.RequireNoEviction(new(Redis, []))));
    }
}
