using System.Text;
using System.Text.Json;
using StackExchange.Redis;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Compatibility;

/// <summary>
/// What a cluster has stored in its Redis: a hash for each state of a grain. All else is left out: membership, since its silos are gone, and what version
/// 0.1 had not and does not look at.
/// </summary>
internal sealed class StoredKeys : Dictionary<string, StoredKeys.Entry>
{
    private const string States = "/state/";

    /// <summary>The kinds of keys: each without what identifies the grain, as in <c>synccluster/state/job/…/job</c>. Sorted.</summary>
    /// <param name="counts">Which keys count.</param>
    public IEnumerable<string> Kinds(Func<string, bool> counts) =>
        Keys.Where(counts).Select(key => key.Split('/')).Select(parts => $"{string.Join('/', parts[..3])}/…/{parts[^1]}").Distinct().Order();

    public static async Task<StoredKeys> ReadAsync(string file)
    {
        await using var json = File.OpenRead(file);
        return (await JsonSerializer.DeserializeAsync<StoredKeys>(json, JsonSerializerOptions.Web))!;
    }

    public static async Task<StoredKeys> ReadAsync(RedisServer redis)
    {
        var stored = new StoredKeys();
        foreach (var key in (string[])(await redis.Database.ExecuteAsync("KEYS", "*"))!)
        {
            if (key.Contains(States, StringComparison.Ordinal))
            {
                var fields = (await redis.Database.HashGetAllAsync(key)).ToDictionary(field => field.Name.ToString(), field => field.Value);
                Assert.Equal(["data", "etag"], fields.Keys.Order());
                stored[key] = new(fields["etag"]!, fields["data"]!);
            }
        }

        return stored;
    }

    /// <summary>Stores them without an expiry.</summary>
    public async Task WriteAsync(RedisServer redis)
    {
        foreach (var (key, (etag, data)) in this)
        {
            await redis.Database.HashSetAsync(key, [new HashEntry("etag", etag), new HashEntry("data", data)]);
        }
    }

    /// <param name="Etag">What a writer must have read to replace the data.</param>
    /// <param name="Data">The serialized state.</param>
    internal sealed record Entry(string Etag, byte[] Data)
    {
        /// <summary>Whether the data has the id in it.</summary>
        public bool Names(string id) => Data.AsSpan().IndexOf(Encoding.ASCII.GetBytes(id)) >= 0;
    }
}
