using Microsoft.Extensions.Logging;

namespace SyncCluster.Jobs;

internal sealed partial class JobGrain
{
    [LoggerMessage(1001, LogLevel.Information, "Job {JobId} was queued on a silo that no longer holds it. It is taken over.")]
    private partial void LogTakenOver(string jobId);

    [LoggerMessage(1052, LogLevel.Information, "Job {JobId}: {Silo} has not acknowledged that it was released there. It is released here.")]
    private partial void LogNotAcknowledged(string jobId, SiloAddress silo);

    [LoggerMessage(1004, LogLevel.Warning, "Job {JobId} is lost with its runner and is ended.")]
    private partial void LogLost(string jobId);

    [LoggerMessage(1005, LogLevel.Debug, "Job {JobId} is canceled before it ran.")]
    private partial void LogCanceled(string jobId);

    [LoggerMessage(1006, LogLevel.Debug, "Job {JobId} is canceled while it runs: its run was told to stop.")]
    private partial void LogRunStopping(string jobId);

    [LoggerMessage(1007, LogLevel.Debug, "Job {JobId} is terminated by an operator.")]
    private partial void LogTerminated(string jobId);

    [LoggerMessage(1008, LogLevel.Debug, "Job {JobId} was never submitted and is canceled.")]
    private partial void LogUnsubmittedCanceled(string jobId);

    [LoggerMessage(1009, LogLevel.Debug, "Job {JobId} was stored after its gateway's deadline: attempt {Attempt} is not released.")]
    private partial void LogFencedTooLate(string jobId, Guid attempt);

    [LoggerMessage(1041, LogLevel.Debug, "Job {JobId} of {Customer} is removed.")]
    private partial void LogRemoved(string jobId, string customer);
}
