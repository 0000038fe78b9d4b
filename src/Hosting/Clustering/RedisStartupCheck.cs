using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Before anything else starts, waits until Redis answers, and refuses a Redis that evicts: it would drop running jobs and members of the cluster.
/// </summary>
internal sealed partial class RedisStartupCheck(RedisConnection redis, TimeProvider timeProvider, ILogger<RedisStartupCheck> logger)
    : HostedLifecycleService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    /// <exception cref="OptionsValidationException">Redis evicts.</exception>
    public override async Task StartingAsync(CancellationToken cancellationToken)
    {
        var multiplexer = await redis.GetAsync();
        while (true)
        {
            try
            {
                foreach (var memory in await redis.ReadMemoryAsync())
                {
                    RequireNoEviction(memory);
                }

                if (multiplexer.IsConnected)
                {
                    return;
                }
            }
            catch (Exception fault) when (fault is RedisException or RedisCommandException or TimeoutException)
            {
                LogUnreachable(fault.Message);
            }

            LogWaiting(string.Join(", ", redis.Options.EndPoints));
            await Task.Delay(Pause, timeProvider, cancellationToken);
        }
    }

    /// <param name="memory">What the server says.</param>
    /// <exception cref="OptionsValidationException">The server evicts.</exception>
    public static void RequireNoEviction(RedisMemory memory)
    {
        if (memory.EvictionPolicy is { } policy)
        {
            throw new OptionsValidationException(RedisClusterOptions.Section, typeof(RedisClusterOptions),
            [
                $"The Redis at {memory.EndPoint} may evict what it holds (maxmemory-policy {policy}): jobs would be lost. "
                + "Set its maxmemory-policy to noeviction.",
            ]);
        }
    }
}
