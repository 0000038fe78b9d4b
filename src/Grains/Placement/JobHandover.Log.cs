using Microsoft.Extensions.Logging;

namespace SyncCluster.Placement;

internal sealed partial class JobHandover
{
    [LoggerMessage(1461, LogLevel.Debug, "The silo that owns {Job} now was not told who waits for it.")]
    private partial void LogAttemptFailed(Exception fault, string job);
}
