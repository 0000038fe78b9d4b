using Microsoft.Extensions.Logging;

namespace SyncCluster.Doors;

/// <summary>
/// Which silos Orleans' client reaches directly. A message for another one it gives to any silo. That one takes the address for clients for another
/// silo's own, and its connection to that silo breaks. So a door is addressed only while it is known that the message goes there.
/// </summary>
internal sealed partial class ClientConnections
{
    /// <summary>Orleans has no public question for it. In another version this class may be gone: then no door is addressed.</summary>
    private const string Manager = "Orleans.Messaging.GatewayManager, Orleans.Core";

    private readonly ILogger<ClientConnections> _logger;
    private readonly Func<SiloAddress, bool>? _isAvailable;

    /// <param name="services">Those of Orleans' client; those of a silo reach none.</param>
    /// <param name="logger">The log.</param>
    /// <param name="manager">The class that knows it, which is a service.</param>
    public ClientConnections(IServiceProvider services, ILogger<ClientConnections> logger, string manager = Manager)
    {
        _logger = logger;
        AreOfSilo = services.GetService(typeof(ILocalSiloDetails)) is not null;
        var type = Type.GetType(manager);
        var service = type is null ? null : services.GetService(type);
        _isAvailable = service is null ? null : QuestionTo(service);
        if (type is null || (service is not null && _isAvailable is null))
        {
            LogNotKnown();
        }
    }

    /// <summary>Whether they are those of a silo, which needs none to reach its own grains.</summary>
    public bool AreOfSilo { get; }

    /// <summary>Whether a message for a silo goes there directly.</summary>
    /// <param name="gateway">Where the silo listens for clients, as generation 0.</param>
    public bool AreDirect(SiloAddress gateway) => _isAvailable?.Invoke(gateway) == true;

    private static Func<SiloAddress, bool>? QuestionTo(object manager) => (Func<SiloAddress, bool>?)Delegate.CreateDelegate(
        typeof(Func<SiloAddress, bool>), manager, "IsGatewayAvailable", ignoreCase: false, throwOnBindFailure: false);
}
