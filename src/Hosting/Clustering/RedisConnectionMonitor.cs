using System.Net;

namespace SyncCluster.Hosting.Clustering;

/// <summary>Logs that Redis or a part of it is lost, and if it does not accept this server, that nothing but another setting will help.</summary>
internal sealed partial class RedisConnectionMonitor(RedisConnection redis, TimeProvider timeProvider, ILogger<RedisConnectionMonitor> logger)
    : PeriodicService(Interval, timeProvider)
{
    private const string Everything = "everything";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>What was lost in the last round.</summary>
    private string? _missing;

    /// <summary>The loss that was logged last; null when nothing is lost.</summary>
    private string? _logged;

    private string? _refusal;

    /// <inheritdoc/>
    protected override async Task RunAsync()
    {
        var isConnected = (await redis.GetAsync()).IsConnected;
        var (missing, lost) = await FindLossAsync();
        if (missing is null)
        {
            if (_logged is not null)
            {
                LogConnected(redis.Endpoints);
            }

            (_missing, _logged, _refusal) = (null, null, null);
            return;
        }

        var hasLasted = missing == _missing;
        _missing = missing;
        if (!isConnected && _logged != Everything)
        {
            LogLost(redis.Endpoints);
            _logged = Everything;
        }
        else if (isConnected && hasLasted && missing != _logged)
        {
            // Only what has lasted: a primary that has just been added is not connected at once.
            LogPartLost(missing);
            _logged = missing;
        }

        if (await redis.FindRefusalAsync(lost) is { } refusal && refusal != _refusal)
        {
            LogRefused(refusal);
            _refusal = refusal;
        }
    }

    /// <summary>What is lost, in a sentence, and the servers; null: nothing.</summary>
    private async Task<(string? Missing, IReadOnlyList<EndPoint> Lost)> FindLossAsync()
    {
        try
        {
            var primaries = await redis.FindPrimariesAsync();
            return (primaries.Missing, primaries.Lost);
        }
        catch (Exception fault) when (RedisConnection.IsFailure(fault))
        {
            return (fault.Message, []);
        }
    }
}
