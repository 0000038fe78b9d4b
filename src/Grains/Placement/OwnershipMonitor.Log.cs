using Microsoft.Extensions.Logging;

namespace SyncCluster.Placement;

internal sealed partial class OwnershipMonitor
{
    [LoggerMessage(1460, LogLevel.Information, "The cluster has changed: {Count} jobs move to other silos, by version {Version} of the membership.")]
    private partial void LogMoved(int count, MembershipVersion version);
}
