using System.Net;
using Microsoft.Extensions.Options;

namespace SyncCluster.Hosting.Clustering;

/// <inheritdoc/>
internal sealed class RedisClusterOptionsValidator : IValidateOptions<RedisClusterOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, RedisClusterOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (options.IsCluster && options.ReadRedis() is null)
        {
            result.AddError("Cluster:Redis must be a connection string such as `localhost:6379` or `redis.internal:6380,ssl=true,password=…`.");
        }

        if (string.IsNullOrWhiteSpace(options.Name))
        {
            result.AddError("Cluster:Name must not be empty.");
        }

        RequirePort(options.SiloPort, nameof(options.SiloPort));
        RequirePort(options.GatewayPort, nameof(options.GatewayPort));
        return result.Build();

        void RequirePort(int port, string setting)
        {
            if (port is < IPEndPoint.MinPort or > IPEndPoint.MaxPort)
            {
                result.AddError($"Cluster:{setting} must be from 0 to 65535.");
            }
        }
    }
}
