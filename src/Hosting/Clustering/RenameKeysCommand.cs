using System.Text;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// The command that gives a cluster of version 0.1 keys with its own name. It does nothing while a silo runs. It can be run again after an
/// interruption: no record is ever without a key, and no server can start before all are renamed.
/// </summary>
internal sealed class RenameKeysCommand(RedisConnection redis, IDatabase database, string name, TimeProvider timeProvider)
{
    public const string Usage = "dotnet SyncCluster.Silo.dll rename-keys";

    /// <summary>The choice to take all records that version 0.1 stored for several clusters together.</summary>
    private const string All = "all";

    /// <summary>The choice to take none of them.</summary>
    private const string None = "none";

    private const int BatchSize = 1000;

    /// <summary>How long it takes to see that a silo runs: it gives a sign of life every 3 s.</summary>
    private static readonly TimeSpan Observation = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(1);

    private readonly NameClaim _claim = new(database, name);

    /// <summary>Runs the command.</summary>
    /// <param name="arguments">The choice, or none, and then the settings of the cluster.</param>
    /// <returns>The exit code: 0 if the cluster's servers can start.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var choice = arguments is [All or None, ..] ? arguments[0] : null;
        try
        {
            var configuration = Host.CreateApplicationBuilder(arguments[(choice is null ? 0 : 1)..]).Configuration;
            configuration.AddSecretsFolder();
            var settings = RedisClusterOptions.Of(configuration);
            if (!settings.IsCluster)
            {
                throw RedisClusterOptions.Invalid("Set Cluster:Redis and Cluster:Name as the cluster's servers have them.");
            }

            await using var redis = new RedisConnection(settings);
            if (await redis.FindRefusalAsync() is { } refusal)
            {
                throw RedisClusterOptions.Invalid(refusal);
            }

            var database = (await redis.GetAsync()).GetDatabase();
            await Console.Out.WriteLineAsync(await new RenameKeysCommand(redis, database, settings.Name, TimeProvider.System).RunAsync(choice));
            return 0;
        }
        catch (Exception fault) when (StartupError.Describe(fault, app: null) is { } sentence)
        {
            await Console.Error.WriteLineAsync(sentence);
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            await Console.Error.WriteLineAsync($"Redis failed; run the command again. {fault.Message}");
        }

        return 1;
    }

    private static string Quoted(IEnumerable<string> clusters) => string.Join(", ", clusters.Select(cluster => $"`{cluster}`"));

    /// <returns>What was done, in a sentence.</returns>
    /// <exception cref="OptionsValidationException">Nothing was done, or not all.</exception>
    private async Task<string> RunAsync(string? choice)
    {
        if (!await _claim.IsRenamingAsync())
        {
            var clusters = await ReadClustersAsync();
            if (name == RedisKeys.DefaultName || !clusters.Remove(name, out var membership))
            {
                return $"Nothing is to be renamed for the cluster `{name}`.";
            }

            if (clusters.Count > 0 && choice is null)
            {
                throw RedisClusterOptions.Invalid(
                    $"Version 0.1 stored the jobs and tasks of the cluster `{name}` together with those of {Quoted(clusters.Keys)}. "
                    + $"Add `{All}` to give all of them to this cluster, or `{None}` to start this cluster without any.");
            }

            // Those who keep the records may run if this cluster takes none.
            await RequireStoppedAsync(choice == None ? new() { [name] = membership } : new(clusters) { [name] = membership });
            if (!(choice == None ? await _claim.LeaveRecordsAsync(membership) : await _claim.BeginRenamingAsync(membership)))
            {
                throw RedisClusterOptions.Invalid(
                    $"A silo of the cluster `{name}` has just started: stop all its servers and run the command again.");
            }

            if (choice == None)
            {
                return $"The cluster `{name}` starts without any jobs and tasks.";
            }
        }

        var renamed = await RenameAsync();
        await _claim.EndRenamingAsync();
        return $"{renamed} keys were renamed: they are those of the cluster `{name}` now.";
    }

    /// <summary>The clusters that have a membership of version 0.1, that of the default name included.</summary>
    private async Task<Dictionary<string, Membership>> ReadClustersAsync()
    {
        var clusters = new Dictionary<string, Membership>();
        var prefix = RedisKeys.MembersInVersion01("");
        await foreach (var key in redis.FindKeysAsync($"{prefix}*"))
        {
            if (await database.KeyTypeAsync(key) == RedisType.Hash)
            {
                clusters[key.ToString()[prefix.Length..]] = await Membership.ReadAsync(database, key);
            }
        }

        return clusters;
    }

    private async Task RequireStoppedAsync(Dictionary<string, Membership> clusters)
    {
        if (clusters.Values.All(membership => !membership.Silos.Any()))
        {
            return;
        }

        for (var begun = timeProvider.GetTimestamp(); timeProvider.GetElapsedTime(begun) < Observation;)
        {
            await Task.Delay(Glance, timeProvider);
            foreach (var (cluster, earlier) in clusters)
            {
                var now = await Membership.ReadAsync(database, RedisKeys.MembersInVersion01(cluster));
                if (now.RunningSince(earlier) is var running && running.Any())
                {
                    throw RedisClusterOptions.Invalid(
                        $"The cluster `{cluster}` runs ({string.Join(", ", running)}): stop all its servers and run the command again.");
                }
            }
        }
    }

    private async Task<int> RenameAsync()
    {
        var prefix = RedisKeys.States(RedisKeys.DefaultName);
        var (renamed, occupied) = (0, 0);
        await foreach (var batch in redis.FindKeysAsync($"{prefix}*").Chunk(BatchSize))
        {
            foreach (var outcome in await Task.WhenAll(batch.Select(key => RenameAsync(key, Encoding.UTF8.GetByteCount(prefix)))))
            {
                renamed += outcome == true ? 1 : 0;
                occupied += outcome == false ? 1 : 0;
            }
        }

        return occupied == 0
            ? renamed
            : throw RedisClusterOptions.Invalid(
                $"{renamed} keys were renamed, {occupied} were not: keys of these names exist. Delete one of each two ({prefix}… and "
                + $"{RedisKeys.States(name)}…) and run the command again.");
    }

    /// <returns>Whether it was renamed: false if there is a key of that name, null if the key is gone.</returns>
    private async Task<bool?> RenameAsync(RedisKey key, int prefixLength)
    {
        var renamed = ((RedisKey)RedisKeys.States(name)).Append(((byte[])key!)[prefixLength..]);
        if (database.Multiplexer.GetHashSlot(key) != database.Multiplexer.GetHashSlot(renamed))
        {
            return await MoveAsync(key, renamed);
        }

        try
        {
            return await database.KeyRenameAsync(key, renamed, When.NotExists);
        }
        catch (RedisServerException gone) when (gone.Message.Contains("no such key", StringComparison.Ordinal))
        {
            return null;
        }
    }

    /// <summary>
    /// Renames a record in a Redis Cluster, where the new name may belong to another server. If it is interrupted between its two steps, a repeat
    /// finds the same record under both names.
    /// </summary>
    /// <inheritdoc cref="RenameAsync(RedisKey, int)"/>
    private async Task<bool?> MoveAsync(RedisKey key, RedisKey renamed)
    {
        // Before the record: if that is there afterwards, it had this time to live, and none did not mean that it was gone.
        var timeToLive = await database.KeyTimeToLiveAsync(key);
        var record = await database.HashGetAllAsync(key);
        if (record.Length == 0)
        {
            return null;
        }

        var transaction = database.CreateTransaction();
        transaction.AddCondition(Condition.KeyNotExists(renamed));
        _ = transaction.HashSetAsync(renamed, record);
        if (timeToLive is { } left)
        {
            _ = transaction.KeyExpireAsync(renamed, left);
        }

        if (!await transaction.ExecuteAsync() && !await HasAsync(renamed, record))
        {
            return false;
        }

        await database.KeyDeleteAsync(key);
        return true;
    }

    private async Task<bool> HasAsync(RedisKey key, HashEntry[] record) =>
        await database.KeyTypeAsync(key) == RedisType.Hash && (await database.HashGetAllAsync(key)).ToHashSet().SetEquals(record);
}
