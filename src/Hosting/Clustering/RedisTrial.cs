using StackExchange.Redis;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Does with a key of its own what a silo does with the cluster's keys. A user of Redis may lack a right that is needed later only: the silo would
/// start, and each call would fail.
/// </summary>
internal static class RedisTrial
{
    private static readonly TimeSpan Expiry = TimeSpan.FromMinutes(1);

    /// <summary>Whether Redis has refused a command that the user has no right to. Of a transaction's beginning it tells at the end only.</summary>
    public static bool IsForbidden(RedisServerException fault) =>
        fault.Message.StartsWith("NOPERM", StringComparison.Ordinal) || fault.Message.Contains("EXEC without MULTI", StringComparison.Ordinal);

    /// <param name="database">The cluster's Redis.</param>
    /// <param name="key">A key that nothing else has.</param>
    /// <exception cref="RedisServerException">The user may not do one of these things: <see cref="IsForbidden"/>.</exception>
    public static async Task RunAsync(IDatabase database, RedisKey key)
    {
        // One by one: from a transaction or a script Redis does not say which command it has refused.
        await database.HashIncrementAsync(key, "count");
        await database.KeyExpireAsync(key, Expiry);
        await database.HashSetAsync(key, [new("etag", "1"), new("data", "1")]);
        await database.HashSetAsync(key, "data", "2");
        await database.HashGetAsync(key, "etag");
        await database.HashGetAllAsync(key);
        await TryIndexAsync(database, $"{key}/index");
        await database.ScriptEvaluateAsync("return redis.call('HGET', KEYS[1], 'etag')", [key]);

        // The library does not tell that Redis has refused to watch a key: a transaction would overwrite what others write meanwhile.
        await database.ExecuteAsync("WATCH", key);
        await database.ExecuteAsync("UNWATCH");
        var transaction = database.CreateTransaction();
        transaction.AddCondition(Condition.HashEqual(key, "etag", "1"));
        transaction.AddCondition(Condition.HashNotExists(key, "missing"));
        var deleted = transaction.HashDeleteAsync(key, "data");
        if (await transaction.ExecuteAsync())
        {
            await deleted;
        }

        await database.ExecuteAsync("DEL", key);
    }

    private static async Task TryIndexAsync(IDatabase database, RedisKey key)
    {
        await database.SortedSetAddAsync(key, "a", 0);
        await database.KeyExpireAsync(key, Expiry);
        await database.KeyExistsAsync([key]);
        await database.SortedSetRangeByValueAsync(key, "a", "b", Exclude.Stop, Order.Ascending, 0, 1);
        await database.SortedSetRangeByValueAsync(key, "a", "b", Exclude.Stop, Order.Descending, 0, 1);
        await database.SortedSetRemoveAsync(key, ["a"]);
    }
}
