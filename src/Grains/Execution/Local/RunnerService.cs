using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;
using SyncCluster.SerialTasks;

namespace SyncCluster.Execution.Local;

/// <inheritdoc/>
internal sealed class RunnerService(GrainId id, Silo silo, ILoggerFactory loggers, HeldJobs held, SerialTaskWaiters serialJobs)
    : GrainService(id, silo, loggers), IRunnerService
{
    /// <inheritdoc/>
    public Task<bool> Holds(string jobId, Guid attempt) => Task.FromResult(held.Contains(jobId, attempt));

    /// <inheritdoc/>
    public Task<bool> Stop(string jobId, Guid attempt) => Task.FromResult(held.Stop(jobId, attempt));

    /// <inheritdoc/>
    public Task<JobLog?> ReadLog(string jobId, Guid attempt, long from) => Task.FromResult(held.ReadLog(jobId, attempt, from));

    /// <inheritdoc/>
    public Task BecameFirst(string key)
    {
        serialJobs.BecameFirst(key);
        return Task.CompletedTask;
    }
}
