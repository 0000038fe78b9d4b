using Microsoft.Extensions.Logging;
using SyncCluster.Execution;

namespace SyncCluster.Quotas;

/// <summary>Asks all silos for their jobs.</summary>
internal sealed partial class SiloInventoryClient(IGrainFactory grains, IClusterMembershipService membership, ILogger<SiloInventoryClient> logger)
{
    /// <summary>The customer's jobs on all silos. The jobs of a silo that does not answer are missing.</summary>
    public async Task<CountedJob[]> HeldAsync(string customer)
    {
        var silos = membership.CurrentSnapshot.Members.Values
            .Where(member => member.Status is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping)
            .Select(member => member.SiloAddress);
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
            LogNoAnswer(fault, silo);
            return [];
        }
    }
}
