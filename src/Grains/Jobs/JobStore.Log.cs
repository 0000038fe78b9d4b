using Microsoft.Extensions.Logging;

namespace SyncCluster.Jobs;

internal sealed partial class JobStore
{
    [LoggerMessage(1020, LogLevel.Warning, "Reading the record of {GrainId} failed.")]
    private partial void LogReadFailed(Exception fault, GrainId grainId);

    [LoggerMessage(1021, LogLevel.Warning, "Writing the record of {GrainId} failed. It will be read again.")]
    private partial void LogWriteFailed(Exception fault, GrainId grainId);

    [LoggerMessage(1022, LogLevel.Warning, "The record of {GrainId} was not created: its storage is not connected.")]
    private partial void LogNotSent(GrainId grainId);

    [LoggerMessage(1011, LogLevel.Warning, "The entry of {GrainId} in the index of jobs could not be written. Nothing comes of the job before it is.")]
    private partial void LogEntryNotWritten(Exception fault, GrainId grainId);
}
