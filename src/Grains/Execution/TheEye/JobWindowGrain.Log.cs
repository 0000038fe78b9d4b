using Microsoft.Extensions.Logging;

namespace SyncCluster.Execution.TheEye;

internal sealed partial class JobWindowGrain
{
    [LoggerMessage(2360, LogLevel.Information, "{GrainId} may have replaced an activation that is lost: it lets no new job enter for some seconds.")]
    private partial void LogSettling(GrainId grainId);

    [LoggerMessage(2361, LogLevel.Information, "Job {JobId} keeps its place: its grain did not answer whether it has ended.")]
    private partial void LogJobUnknown(Exception fault, string jobId);
}
