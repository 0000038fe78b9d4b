namespace SyncCluster.Jobs;

/// <summary>
/// How a silo that stops reaches gateways. As soon as its stop begins, its client directory no longer lists its own connections and does not ask
/// other silos for theirs, so messages that it sends to gateways itself have no address.
/// </summary>
internal class CompletionRelay(IGrainFactory grains, ILocalSiloDetails silo, IClusterMembershipService membership)
{
    /// <summary>A relay on another silo; null while this silo can reach gateways itself, and if there is no other silo.</summary>
    public virtual ICompletionRelayGrain? Find() =>
        membership.CurrentSnapshot.GetSiloStatus(silo.SiloAddress).IsTerminating() && membership.HasOtherActiveSilo(silo.SiloAddress)
            ? grains.GetGrain<ICompletionRelayGrain>(Guid.NewGuid())
            : null;
}
