using System.Net;
using Microsoft.AspNetCore.Connections;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Opens no port, in place of the listeners of a silo that no other process may join or call: a process that reaches a silo's port can have code run in its
/// process. The gateway in the silo's own process calls it without a connection.
/// </summary>
internal sealed class NoListener : IConnectionListenerFactory
{
    /// <summary>Keeps a silo from listening.</summary>
    public static void Use(ISiloBuilder silo)
    {
        // Orleans does not publish the keys of its two listeners. The web server's has no key.
        foreach (var listener in silo.Services.Where(IsListener).ToArray())
        {
            silo.Services.Remove(listener);
            silo.Services.AddKeyedSingleton<IConnectionListenerFactory, NoListener>(listener.ServiceKey);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(new Unbound(endpoint));

    private static bool IsListener(ServiceDescriptor service) => service.IsKeyedService && service.ServiceType == typeof(IConnectionListenerFactory);

    private sealed class Unbound(EndPoint endpoint) : IConnectionListener
    {
        public EndPoint EndPoint => endpoint;

        /// <returns>Null: there will be no connection.</returns>
        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) => default;

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => default;

        public ValueTask DisposeAsync() => default;
    }
}
