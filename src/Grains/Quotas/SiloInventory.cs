using Microsoft.Extensions.Logging;
using Orleans.Services;
using SyncCluster.Execution;

namespace SyncCluster.Quotas;

/// <summary>Says which jobs one silo has, so that a count can be made anew.</summary>
[Alias("sync.census")]
public interface ISiloInventory : IGrainService
{
    /// <summary>The customer's jobs that wait or run there, and those that were admitted and are on their way to its executor.</summary>
    [Alias("held"), ResponseTimeout("00:00:01")]
    Task<CountedJob[]> Held(string customer);
}

/// <inheritdoc cref="ISiloInventory"/>
internal sealed class SiloInventory(GrainId id, Silo silo, ILoggerFactory loggers, IJobExecutor executor, JobAdmission admissions)
    : GrainService(id, silo, loggers), ISiloInventory
{
    /// <inheritdoc/>
    public Task<CountedJob[]> Held(string customer) => Task.FromResult<CountedJob[]>([.. executor.JobsOf(customer), .. admissions.OnTheirWay(customer)]);
}

/// <summary>Asks all silos.</summary>
internal sealed partial class SiloInventoryClient(IGrainFactory grains, IClusterMembershipService membership, ILogger<SiloInventoryClient> logger)
{
    /// <summary>The customer's jobs, as far as the silos can be asked: what one of them has that gives no answer is not in it.</summary>
    public async Task<CountedJob[]> HeldAsync(string customer)
    {
        var silos = membership.CurrentSnapshot.Members.Values
            .Where(member => member.Status is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping).Select(member => member.SiloAddress);
        return [.. (await Task.WhenAll(silos.Select(silo => HeldAsync(silo, customer)))).SelectMany(jobs => jobs)];
    }

    private async Task<CountedJob[]> HeldAsync(SiloAddress silo, string customer)
    {
        try
        {
            return await grains.GetGrainService<ISiloInventory>(GrainServiceTypes.SiloInventory, silo).Held(customer);
        }
        catch (Exception fault)
        {
            LogNoWord(fault, silo);
            return [];
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Silo {Silo} does not say which jobs it has.")]
    private partial void LogNoWord(Exception fault, SiloAddress silo);
}
