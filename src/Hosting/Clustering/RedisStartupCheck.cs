using System.Net;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Before anything else starts, waits until Redis answers. Refuses a Redis that does not accept the server, one that forbids what the server needs,
/// one that evicts, since it would drop running jobs and members of the cluster, and one where the cluster's keys are those of version 0.1.
/// </summary>
/// <param name="redis">The cluster's Redis.</param>
/// <param name="settings">The cluster.</param>
/// <param name="timeProvider">The clock of the pauses.</param>
/// <param name="logger">Where it says that it waits.</param>
/// <param name="silo">Null in a gateway, which needs fewer rights.</param>
internal sealed partial class RedisStartupCheck(
    RedisConnection redis,
    RedisClusterOptions settings,
    TimeProvider timeProvider,
    ILogger<RedisStartupCheck> logger,
    ILocalSiloDetails? silo = null) : HostedLifecycleService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    /// <exception cref="OptionsValidationException">The server can't work with this Redis.</exception>
    public override async Task StartingAsync(CancellationToken cancellationToken)
    {
        var multiplexer = await redis.GetAsync();
        while (true)
        {
            IReadOnlyList<EndPoint> lost = [];
            try
            {
                var primaries = await redis.FindPrimariesAsync();
                RequireDatabase(primaries);
                foreach (var memory in await Task.WhenAll(primaries.Servers.Where(server => server.IsConnected).Select(RedisMemory.ReadAsync)))
                {
                    RequireNoEviction(memory);
                }

                if (primaries.Missing is not { } missing)
                {
                    await redis.ReadTimeAsync();
                    await TryAsync(multiplexer.GetDatabase(), primaries);
                    Require(await new NameClaim(multiplexer.GetDatabase(), settings.Name).TakeAsync());
                    return;
                }

                lost = primaries.Lost;
                LogUnreachable(missing);
            }
            catch (RedisServerException forbidden) when (RedisTrial.IsForbidden(forbidden))
            {
                Require(
                    $"The Redis at {redis.Endpoints} forbids its user in Cluster:Redis what this server needs. {forbidden.Message.TrimEnd('.')}. "
                    + "Give the user that right.");
            }
            catch (Exception fault) when (fault is RedisException or RedisCommandException or TimeoutException)
            {
                LogUnreachable(fault.Message);
            }

            Require(await redis.FindRefusalAsync(lost));
            LogWaiting(redis.Endpoints);
            await Task.Delay(Pause, timeProvider, cancellationToken);
        }
    }

    /// <param name="memory">What the server says.</param>
    /// <exception cref="OptionsValidationException">The server evicts.</exception>
    public static void RequireNoEviction(RedisMemory memory)
    {
        if (memory.Eviction is { } eviction)
        {
            throw RedisClusterOptions.Invalid($"{eviction}: jobs would be lost. Set its maxmemory-policy to noeviction.");
        }
    }

    private void RequireDatabase(RedisPrimaries primaries) => Require(
        primaries.AreOfRedisCluster && redis.Options.DefaultDatabase is > 0 and var database
            ? $"The Redis at {redis.Endpoints} is a Redis Cluster, which has no database {database}: "
                + $"remove `defaultDatabase={database}` from Cluster:Redis."
            : null);

    /// <summary>Each server has its own users, also those of a Redis Cluster.</summary>
    private async Task TryAsync(IDatabase database, RedisPrimaries primaries)
    {
        if (silo is not null)
        {
            await Task.WhenAll(primaries.NewKeys(RedisKeys.Trials(settings.Name)).Select(key => RedisTrial.RunAsync(database, key)));
        }
    }

    private static void Require(string? refusal)
    {
        if (refusal is not null)
        {
            throw RedisClusterOptions.Invalid(refusal);
        }
    }
}
