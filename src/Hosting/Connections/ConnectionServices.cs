using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SyncCluster.Settings;
using SyncCluster.Telemetry;

namespace SyncCluster.Hosting.Connections;

internal static class ConnectionServices
{
    /// <summary>Adds what watches the connections of the web server.</summary>
    public static void AddOpenConnections(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddServerMetrics();
        services.AddValidatedOptions<ConnectionOptions, ConnectionOptionsValidator>(ConnectionOptions.Section);
        services.AddSingleton<OpenConnections>();
        services.AddSingleton<SocketTransportFactory>();
        services.AddSingleton<IConnectionListenerFactory, LimitedTransport>();
        services.AddHealthChecks().AddCheck<ConnectionHealthCheck>("connections", tags: [Health.ReadyTag]);
        services.AddHostedService<AssemblyPreload>();
    }
}
