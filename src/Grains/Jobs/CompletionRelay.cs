using Orleans.Placement;

namespace SyncCluster.Jobs;

/// <summary>Tells a gateway what a silo that stops has to say to it. Any key will do.</summary>
[Alias("sync.job.relay")]
internal interface ICompletionRelayGrain : IGrainWithGuidKey
{
    /// <summary>Jobs have ended. Completes when the gateway has heard.</summary>
    [Alias("allcompleted"), ResponseTimeout("00:00:04")]
    Task AllCompleted(IJobObserver gateway, FinishedJob[] jobs);
}

/// <inheritdoc cref="ICompletionRelayGrain"/>
[GrainType("pushrelay"), RandomPlacement]
internal sealed class CompletionRelayGrain : Grain, ICompletionRelayGrain
{
    /// <inheritdoc/>
    public async Task AllCompleted(IJobObserver gateway, FinishedJob[] jobs)
    {
        DeactivateOnIdle();
        await gateway.AllCompleted(jobs);
    }
}

/// <summary>
/// The way to gateways of a silo that stops. From the beginning of its stop its directory of clients counts its own connections no more and asks no other
/// silo for theirs, so that what it says to them itself is addressed to nobody.
/// </summary>
internal class CompletionRelay(IGrainFactory grains, ILocalSiloDetails silo, IClusterMembershipService membership)
{
    /// <summary>A grain on another silo; null while this one can tell gateways itself, and where there is no other.</summary>
    public virtual ICompletionRelayGrain? Find() =>
        membership.CurrentSnapshot.GetSiloStatus(silo.SiloAddress).IsTerminating() && membership.HasOtherActiveSilo(silo.SiloAddress)
            ? grains.GetGrain<ICompletionRelayGrain>(Guid.NewGuid())
            : null;
}
