using System.Net;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// The process' one connection to the cluster's Redis. Before anything else starts it waits until Redis answers, and refuses one that evicts: what it
/// dropped would be jobs that run and membership.
/// </summary>
public sealed partial class RedisConnection : IHostedLifecycleService, IAsyncDisposable
{
    // INFO, which tells the eviction policy, counts as an administrator's command.
    private const string Defaults = "allowAdmin=true";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lazy<Task<IConnectionMultiplexer>> _multiplexer;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<RedisConnection> _logger;

    internal RedisConnection(RedisClusterOptions settings, TimeProvider timeProvider, ILogger<RedisConnection> logger)
    {
        Options = RedisConnectionString.Read(settings.Redis, Defaults)
            ?? throw Invalid("Cluster:Redis is no connection string. It reads like `localhost:6379` or `redis.internal:6380,ssl=true,password=…`.");
        _timeProvider = timeProvider;
        _logger = logger;
        _multiplexer = new(async () => await ConnectionMultiplexer.ConnectAsync(Options));
    }

    /// <summary>How it connects; the password is in it.</summary>
    public ConfigurationOptions Options { get; }

    /// <summary>The connection, which outlives each loss of it.</summary>
    public Task<IConnectionMultiplexer> GetAsync() => _multiplexer.Value;

    /// <inheritdoc/>
    /// <exception cref="OptionsValidationException">Redis evicts.</exception>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var multiplexer = await GetAsync();
        while (true)
        {
            try
            {
                foreach (var server in multiplexer.GetServers().Where(server => server.IsConnected && !server.IsReplica))
                {
                    Require(server.EndPoint, await server.InfoAsync("memory"));
                }

                if (multiplexer.IsConnected)
                {
                    return;
                }
            }
            catch (Exception fault) when (fault is RedisException or RedisCommandException or TimeoutException)
            {
                LogNoAnswer(fault.Message);
            }

            LogWaiting(string.Join(", ", Options.EndPoints));
            await Task.Delay(Pause, _timeProvider, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_multiplexer.IsValueCreated)
        {
            await (await GetAsync()).DisposeAsync();
        }
    }

    private static void Require(EndPoint endpoint, IGrouping<string, KeyValuePair<string, string>>[] info)
    {
        var policy = info.SelectMany(section => section).FirstOrDefault(entry => entry.Key == "maxmemory_policy").Value;
        if (policy is not (null or "noeviction"))
        {
            throw Invalid(
                $"The Redis at {endpoint} may evict what it holds (maxmemory-policy {policy}): jobs would be lost. Set its maxmemory-policy to noeviction.");
        }
    }

    private static OptionsValidationException Invalid(string message) => new(RedisClusterOptions.Section, typeof(RedisClusterOptions), [message]);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Waiting for Redis at {Endpoints}.")]
    private partial void LogWaiting(string endpoints);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis: {Fault}")]
    private partial void LogNoAnswer(string fault);
}
