using Microsoft.Extensions.Logging;

namespace SyncCluster.Jobs;

internal sealed partial class IdempotencyGrain
{
    [LoggerMessage(1040, LogLevel.Warning, "Writing the job of the call {GrainId} failed. It will be read again.")]
    private partial void LogWriteFailed(Exception fault, GrainId grainId);
}
