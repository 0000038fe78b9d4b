namespace SyncCluster.Gateway.Waiting;

/// <summary>Has all waited-for jobs asked again when a silo has left the cluster (rule I7).</summary>
internal sealed class MembershipWatch(IClusterMembershipService membership, WaiterHub hub) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var before = new HashSet<SiloAddress>();
        try
        {
            await foreach (var snapshot in membership.MembershipUpdates.WithCancellation(stoppingToken))
            {
                var now = snapshot.Members.Values.Where(member => member.Status == SiloStatus.Active).Select(member => member.SiloAddress).ToHashSet();
                if (!before.IsSubsetOf(now))
                {
                    hub.AttachAllSoon();
                }

                before = now;
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }
}
