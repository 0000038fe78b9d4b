using System.Text.Json;
using StackExchange.Redis;

namespace SyncCluster.Hosting.Clustering;

/// <summary>The membership of a cluster, as Orleans stores it in a hash: a row for each silo, and the version of the whole.</summary>
internal sealed class Membership
{
    public const string VersionField = "Version";

    private const int Dead = 6;

    private readonly Dictionary<string, string> _rows;

    private Membership(HashEntry[] fields)
    {
        _rows = fields.ToDictionary(field => field.Name.ToString(), field => field.Value.ToString());
        Version = _rows.Remove(VersionField, out var version) ? version : null;
    }

    /// <summary>Changes when a silo joins, leaves or is declared dead.</summary>
    public string? Version { get; }

    /// <summary>The rows of silos that have not left: they run, or were killed when no other one was there to declare them dead.</summary>
    public IEnumerable<string> Silos => _rows.Keys.Where(silo => !IsDead(_rows[silo]));

    public static async Task<Membership> ReadAsync(IDatabase database, RedisKey key) => new(await database.HashGetAllAsync(key));

    /// <summary>The silos that have given a sign of life since an earlier reading. No clocks are compared.</summary>
    public IEnumerable<string> RunningSince(Membership earlier) => Silos.Where(silo => _rows[silo] != earlier._rows.GetValueOrDefault(silo));

    private static bool IsDead(string row)
    {
        using var silo = JsonDocument.Parse(row);
        return silo.RootElement.GetProperty("Status").GetInt32() == Dead;
    }
}
