using SyncCluster.Overview;

namespace SyncCluster.Gateway.WebConsole;

internal sealed partial class ClusterReader
{
    [LoggerMessage(4540, LogLevel.Information, "The operator wants the silo {Silo} drained: {Reply}.")]
    private partial void LogDrain(SiloAddress silo, DrainReply reply);
}
