namespace SyncCluster.Hosting.Clustering;

/// <summary>Logs that Redis is lost, and if it does not accept this server any more, that nothing but another setting will help.</summary>
internal sealed partial class RedisConnectionMonitor(RedisConnection redis, TimeProvider timeProvider, ILogger<RedisConnectionMonitor> logger)
    : PeriodicService(Interval, timeProvider)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private bool _isLost;
    private string? _refusal;

    /// <inheritdoc/>
    protected override async Task RunAsync()
    {
        var multiplexer = await redis.GetAsync();
        if (multiplexer.IsConnected)
        {
            if (_isLost)
            {
                LogConnected(redis.Endpoints);
            }

            (_isLost, _refusal) = (false, null);
            return;
        }

        if (!_isLost)
        {
            LogLost(redis.Endpoints);
            _isLost = true;
        }

        if (await redis.FindRefusalAsync() is { } refusal && refusal != _refusal)
        {
            LogRefused(refusal);
            _refusal = refusal;
        }
    }
}
