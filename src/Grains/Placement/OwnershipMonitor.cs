using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;

namespace SyncCluster.Placement;

/// <summary>
/// When silos join or leave, the grains of unfinished jobs that another silo owns now leave this silo's memory. A silo that stops owns none from the
/// moment that it tells the others.
/// </summary>
internal sealed partial class OwnershipMonitor(
    IClusterMembershipService membership, JobOwners owners, ActiveJobs activeJobs, ILogger<OwnershipMonitor> logger)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _watching = Task.CompletedTask;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>

        // A hosted service would be stopped before the silo tells the others that it stops.
        lifecycle.Subscribe(nameof(OwnershipMonitor), ServiceLifecycleStage.ApplicationServices, Start, StopAsync);

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();

    private Task Start(CancellationToken cancellationToken)
    {
        _watching = Task.Run(WatchAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _watching;
    }

    private async Task WatchAsync()
    {
        try
        {
            await foreach (var view in membership.MembershipUpdates.WithCancellation(_stop.Token))
            {
                owners.Update();
                var moved = 0;
                foreach (var grain in activeJobs.Grains)
                {
                    if (!owners.IsOwnedHere(grain.GrainContext.GrainId))
                    {
                        grain.MoveToOwner();
                        moved++;
                    }
                }

                if (moved > 0)
                {
                    LogMoved(moved, view.Version);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }
}
