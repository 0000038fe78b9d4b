using Microsoft.Extensions.Logging;

namespace SyncCluster.Jobs.Retention;

internal sealed partial class JobRetention
{
    [LoggerMessage(1090, LogLevel.Information, "{Count} ended jobs were removed that were not to be kept any longer, and {Failed} could not be.")]
    private partial void LogRemoved(int count, int failed);

    [LoggerMessage(1091, LogLevel.Warning, "The removal of ended jobs of {Customer} was interrupted. It goes on in 5 minutes.")]
    private partial void LogInterrupted(Exception fault, string customer);

    [LoggerMessage(1092, LogLevel.Debug, "Job {JobId} of {Customer} is not to be kept, and could not be removed. It is tried again.")]
    private partial void LogNotRemoved(Exception fault, string jobId, string customer);

    [LoggerMessage(1093, LogLevel.Warning, "The customers that have ended jobs could not be found. It is tried again in 5 minutes.")]
    private partial void LogCustomersNotFound(Exception fault);
}
