using Microsoft.Extensions.Logging;

namespace SyncCluster.Doors;

internal sealed partial class JobCallDispatcher
{
    [LoggerMessage(1480, LogLevel.Debug, "A call to the grain of job {JobKey} failed; its caller makes it again.")]
    private partial void LogCallFailed(Exception fault, string jobKey);
}
