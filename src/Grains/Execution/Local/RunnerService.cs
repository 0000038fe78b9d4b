using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;
using SyncCluster.SerialTasks;

namespace SyncCluster.Execution.Local;

/// <inheritdoc/>
internal sealed class RunnerService(
    GrainId id, Silo silo, ILoggerFactory loggers, HeldJobs held, SerialTaskWaiters serialJobs, LocalExecutor executor)
    : GrainService(id, silo, loggers), IRunnerService
{
    /// <inheritdoc/>
    public Task<bool> Holds(string jobId, Guid attempt) => Task.FromResult(held.Contains(jobId, attempt));

    /// <inheritdoc/>
    public Task<bool> Stop(string jobId, Guid attempt) => Task.FromResult(held.Stop(jobId, attempt));

    /// <inheritdoc/>
    public Task<JobLog?> ReadLog(string jobId, Guid attempt, long from) => Task.FromResult(held.ReadLog(jobId, attempt, from));

    /// <inheritdoc/>
    public Task<bool> Reserve(Guid reservation, string customer, int depth) => Task.FromResult(executor.TryReserve(reservation, customer, depth));

    /// <inheritdoc/>
    public Task<bool> Release(Guid reservation, JobSpec spec, Guid attempt) => Task.FromResult(executor.TryRelease(reservation, spec, attempt));

    /// <inheritdoc/>
    public Task CancelReservation(Guid reservation)
    {
        held.CancelReservation(reservation);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task BecameFirst(string key)
    {
        serialJobs.BecameFirst(key);
        return Task.CompletedTask;
    }
}
