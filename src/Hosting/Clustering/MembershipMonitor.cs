using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Orleans.Clustering.Redis;
using Orleans.Configuration;
using StackExchange.Redis;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Watches this silo's row in the cluster's membership. Orleans writes the row every few seconds, so that a row that changes also proves that Redis
/// takes writes. If Redis has lost the membership, for example since it was emptied, Orleans never writes it again: the silos that run would go on, and
/// no gateway and no other silo would find them. This silo then restores what it has last read.
/// </summary>
internal sealed partial class MembershipMonitor(
    RedisConnection redis,
    ILocalSiloDetails silo,
    IOptions<RedisClusteringOptions> redisOptions,
    IOptions<ClusterOptions> clusterOptions,
    TimeProvider timeProvider,
    ILogger<MembershipMonitor> logger) : PeriodicService(Interval, timeProvider), IHealthCheck, ILifecycleParticipant<ISiloLifecycle>
{
    private const string VersionField = "Version";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>Five times as long as the silo takes from one write to the next, so that a short hang of Redis does not count.</summary>
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(15);

    private readonly RedisKey _key = redisOptions.Value.CreateRedisKey(clusterOptions.Value);
    private readonly RedisValue _rowField = silo.SiloAddress.ToString();

    /// <summary>The membership as last read with this silo in it; empty before it joins.</summary>
    private Dictionary<RedisValue, RedisValue> _lastTable = [];

    private long _writtenAt = timeProvider.GetTimestamp();
    private volatile bool _isMember;

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var silence = TimeProvider.GetElapsedTime(Volatile.Read(ref _writtenAt));
        return Task.FromResult(
            !_isMember ? HealthCheckResult.Unhealthy("This silo is not in the cluster's membership in Redis.")
            : silence > SilenceLimit ? HealthCheckResult.Unhealthy($"Redis has taken no write of this silo for {silence.TotalSeconds:F0} s.")
            : HealthCheckResult.Healthy());
    }

    /// <summary>Reads the membership before the silo counts as started: from then on it can be restored.</summary>
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(MembershipMonitor), ServiceLifecycleStage.Active, _ => RunAsync());

    /// <inheritdoc/>
    protected override async Task RunAsync()
    {
        try
        {
            var database = (await redis.GetAsync()).GetDatabase();
            var table = (await database.HashGetAllAsync(_key)).ToDictionary(field => field.Name, field => field.Value);
            var lastRow = _lastTable.GetValueOrDefault(_rowField);
            if (table.TryGetValue(_rowField, out var row) && (lastRow.IsNull || StatusOf(row) >= StatusOf(lastRow)))
            {
                if (row != lastRow)
                {
                    Volatile.Write(ref _writtenAt, TimeProvider.GetTimestamp());
                }

                (_lastTable, _isMember) = (table, true);
                return;
            }

            _isMember = false;
            if (_lastTable.Count > 0)
            {
                await RestoreAsync(database, table);
            }
        }
        catch (Exception fault) when (RedisConnection.IsFailure(fault))
        {
            LogUnreadable(fault.Message);
        }
    }

    /// <summary>
    /// Adds the rows that are lost, all at once: silos take a newer version without them for the word that they are dead. Of rows that are there, only this
    /// silo's is replaced, which another silo may have restored as it was while this one joined.
    /// </summary>
    private async Task RestoreAsync(IDatabase database, Dictionary<RedisValue, RedisValue> table)
    {
        var current = table.GetValueOrDefault(VersionField);
        if (!table.ContainsKey(_rowField) && VersionOf(table) > VersionOf(_lastTable))
        {
            // Orleans ends the process when it reads this: the silo is dead to the others.
            LogRemoved();
            return;
        }

        var version = Math.Max(VersionOf(table), VersionOf(_lastTable)) + 1;
        var transaction = database.CreateTransaction();
        transaction.AddCondition(
            current.HasValue ? Condition.HashEqual(_key, VersionField, current) : Condition.HashNotExists(_key, VersionField));
        _ = transaction.HashSetAsync(
            _key,
            [
                .. _lastTable.Where(field => field.Key != VersionField && (field.Key == _rowField || !table.ContainsKey(field.Key)))
                    .Select(field => new HashEntry(field.Key, field.Value)),
                new HashEntry(VersionField, version.ToString(CultureInfo.InvariantCulture)),
            ]);
        if (await transaction.ExecuteAsync())
        {
            LogRestored();
        }
    }

    /// <summary>It only grows while a silo lives.</summary>
    private static int StatusOf(RedisValue row)
    {
        using var silo = JsonDocument.Parse(row.ToString());
        return silo.RootElement.GetProperty("Status").GetInt32();
    }

    private static int VersionOf(Dictionary<RedisValue, RedisValue> table) =>
        table.GetValueOrDefault(VersionField).TryParse(out int version) ? version : 0;
}
