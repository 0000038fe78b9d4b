using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;

namespace SyncCluster.Execution.Local;

/// <summary>Answers other silos for this one's executor.</summary>
internal sealed class RunnerService(GrainId id, Silo silo, ILoggerFactory loggers, LocalExecutor executor) : GrainService(id, silo, loggers), IRunnerService
{
    /// <inheritdoc/>
    public Task<bool> Holds(string jobId, Guid attempt) => Task.FromResult(executor.Holds(jobId, attempt));

    /// <inheritdoc/>
    public Task<bool> Stop(string jobId, Guid attempt) => Task.FromResult(executor.Stop(jobId, attempt));

    /// <inheritdoc/>
    public Task<JobLog?> ReadLog(string jobId, Guid attempt, long from) => Task.FromResult(executor.ReadLog(jobId, attempt, from));

    /// <inheritdoc/>
    public Task TurnHasCome(string key)
    {
        executor.TurnHasCome(key);
        return Task.CompletedTask;
    }
}

/// <summary>The runners of all silos.</summary>
internal sealed class RunnerServiceClient(IGrainFactory grains)
{
    public IRunnerService On(SiloAddress silo) => grains.GetGrainService<IRunnerService>(GrainServiceTypes.Runner, silo);
}
