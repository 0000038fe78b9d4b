using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace SyncCluster.Hosting.Connections;

/// <summary>A server that closes new connections is not ready.</summary>
internal sealed class ConnectionHealthCheck(OpenConnections connections) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(connections.IsFull ? HealthCheckResult.Unhealthy("Too many connections are open.") : HealthCheckResult.Healthy());
}
