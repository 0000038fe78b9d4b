using Microsoft.Extensions.Logging;

namespace SyncCluster.Scripts;

internal sealed partial class ScriptRunner
{
    [LoggerMessage(2000, LogLevel.Debug, "The script of job {JobId} runs as process {ProcessId}.")]
    private partial void LogStarted(string jobId, int processId);

    [LoggerMessage(2001, LogLevel.Debug, "The script of job {JobId} has ended: {End}, exit code {ExitCode}, signal {Signal}, after {Elapsed}.")]
    private partial void LogEnded(string jobId, ScriptEnd end, int? exitCode, string? signal, TimeSpan elapsed);

    [LoggerMessage(2002, LogLevel.Error, "The script of job {JobId} could not be written to its temporary folder.")]
    private partial void LogFolderNotWritten(Exception fault, string jobId);

    [LoggerMessage(2003, LogLevel.Warning, "The script of job {JobId} could not be started.")]
    private partial void LogStartFailed(Exception fault, string jobId);

    [LoggerMessage(2004, LogLevel.Error, "Process {ProcessId} of job {JobId} could not be killed. It is no longer waited for, and may go on.")]
    private partial void LogNotKilled(string jobId, int processId);

    [LoggerMessage(2005, LogLevel.Warning, "The temporary folder of a script could not be deleted. It is deleted when the server ends.")]
    private partial void LogFolderNotDeleted(Exception fault);

    [LoggerMessage(2020, LogLevel.Error, "Job {JobId} could not be given a control group, and was not run.")]
    private partial void LogNoCgroup(Exception fault, string jobId);

    [LoggerMessage(2021, LogLevel.Error, "The processes in control group {Cgroup} could not be killed. What has left its job's session may go on.")]
    private partial void LogCgroupNotKilled(Exception fault, string cgroup);

    [LoggerMessage(2022, LogLevel.Warning, "The control group {Cgroup} could not be removed: a process in it has not ended.")]
    private partial void LogCgroupNotRemoved(string cgroup);
}
