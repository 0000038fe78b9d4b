using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace SyncCluster.Hosting.Clustering;

/// <inheritdoc/>
internal sealed partial class RedisClusterOptionsValidator : IValidateOptions<RedisClusterOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, RedisClusterOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (options.IsCluster && options.ReadRedis() is null)
        {
            result.AddError("Cluster:Redis must be a connection string such as `localhost:6379` or `redis.internal:6380,ssl=true,password=…`.");
        }

        if (!Name().IsMatch(options.Name))
        {
            result.AddError("Cluster:Name must be 1 to 64 letters, digits, dots, hyphens or underscores.");
        }

        if (options.IsCluster && options.Tls.IsEnabled && ClusterCertificate.Check(options.Tls) is { } error)
        {
            result.AddError(error);
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

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,64}\z")]
    private static partial Regex Name();
}
