using Microsoft.Extensions.Logging;

namespace SyncCluster.Jobs;

internal sealed partial class IdempotencyGrain
{
    [LoggerMessage(1040, LogLevel.Warning, "Writing the job of the call {GrainId} failed. It will be read again.")]
    private partial void LogWriteFailed(Exception fault, GrainId grainId);

    [LoggerMessage(1042, LogLevel.Debug, "The call {GrainId} gets job {JobId}: its repeats will get the same.")]
    private partial void LogBinding(GrainId grainId, string jobId);
}
