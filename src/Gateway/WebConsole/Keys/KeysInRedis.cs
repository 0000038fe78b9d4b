using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using StackExchange.Redis;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Gateway.WebConsole.Keys;

/// <summary>
/// Keys that the gateways of a cluster share. Gateways that start at once each find none and make one, and the framework looks for others' keys once a day:
/// a cookie of one gateway would be unknown to another. So a key is stored only if no other one has come since its maker has looked; it then finds that one.
/// </summary>
internal sealed class KeysInRedis(RedisConnection redis, RedisKey list) : IXmlRepository
{
    private const string AppendIfLength = """
        if redis.call('LLEN', KEYS[1]) == tonumber(ARGV[1]) then
          redis.call('RPUSH', KEYS[1], ARGV[2])
        end
        """;

    private int _known;

    /// <inheritdoc/>
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        var found = Database().ListRange(list);
        Volatile.Write(ref _known, found.Length);
        return [.. found.Select(key => XElement.Parse(key.ToString()))];
    }

    /// <inheritdoc/>
    public void StoreElement(XElement element, string friendlyName) =>
        Database().ScriptEvaluate(AppendIfLength, [list], [Volatile.Read(ref _known), element.ToString(SaveOptions.DisableFormatting)]);

    /// <summary>The framework asks for its keys without waiting; the connection is there before the first request is.</summary>
    private IDatabase Database() => redis.GetAsync().GetAwaiter().GetResult().GetDatabase();
}
