using Orleans.Placement;

namespace SyncCluster.Jobs;

/// <summary>Forwards completions to a gateway for a silo that stops. Any key will do.</summary>
[Alias("sync.job.relay")]
internal interface ICompletionRelayGrain : IGrainWithGuidKey
{
    /// <summary>Several jobs have ended. Completes when the gateway has acknowledged them.</summary>
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
