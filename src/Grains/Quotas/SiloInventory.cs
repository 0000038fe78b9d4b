using Microsoft.Extensions.Logging;
using Orleans.Services;
using SyncCluster.Execution;

namespace SyncCluster.Quotas;

/// <summary>Lists the jobs of one silo, so that quotas can be counted again.</summary>
[Alias("sync.census")]
public interface ISiloInventory : IGrainService
{
    /// <summary>The customer's jobs that are queued or running on the silo, or admitted and in transit to its executor.</summary>
    [Alias("held"), ResponseTimeout("00:00:01")]
    Task<CountedJob[]> Held(string customer);
}

/// <inheritdoc cref="ISiloInventory"/>
internal sealed class SiloInventory(GrainId id, Silo silo, ILoggerFactory loggers, IJobExecutor executor, JobAdmission admission)
    : GrainService(id, silo, loggers), ISiloInventory
{
    /// <inheritdoc/>
    public Task<CountedJob[]> Held(string customer) =>
        Task.FromResult<CountedJob[]>([.. executor.JobsOf(customer), .. admission.InTransit(customer)]);
}
