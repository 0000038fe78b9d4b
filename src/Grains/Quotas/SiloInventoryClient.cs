using Microsoft.Extensions.Logging;
using SyncCluster.Execution;

namespace SyncCluster.Quotas;

/// <summary>Asks all silos for their jobs.</summary>
internal sealed partial class SiloInventoryClient(IGrainFactory grains, IClusterMembershipService membership, ILogger<SiloInventoryClient> logger)
{
    /// <summary>The customer's jobs on all silos.</summary>
    /// <returns>The jobs, and whether all silos have answered. The jobs of those that have not are missing.</returns>
    public async Task<(CountedJob[] Jobs, bool IsComplete)> HeldAsync(string customer)
    {
        var silos = membership.CurrentSnapshot.Members.Values
            .Where(member => member.Status == SiloStatus.Active || member.Status.IsLeaving())
            .Select(member => member.SiloAddress);
        var answers = await Task.WhenAll(silos.Select(silo => HeldAsync(silo, customer)));
        return ([.. answers.SelectMany(jobs => jobs ?? [])], answers.All(jobs => jobs is not null));
    }

    /// <returns>Null: the silo has not answered.</returns>
    private async Task<CountedJob[]?> HeldAsync(SiloAddress silo, string customer)
    {
        try
        {
            return await grains.GetGrainService<ISiloInventory>(GrainServiceTypes.SiloInventory, silo).Held(customer);
        }
        catch (Exception fault)
        {
            LogNoAnswer(fault, silo);
            return null;
        }
    }
}
