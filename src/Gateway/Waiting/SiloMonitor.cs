using Orleans.Messaging;
using SyncCluster.Doors;

namespace SyncCluster.Gateway.Waiting;

/// <summary>
/// The one watch of the silos. It keeps the silos' doors. It has this gateway attach again to all its jobs when a silo has left the cluster, and
/// subscriptions with it, or has joined, and owns some of the jobs now (rule I7).
/// </summary>
internal sealed partial class SiloMonitor(
    IGatewayListProvider silos, JobDoors doors, WaiterHub hub, TimeProvider timeProvider, ILogger<SiloMonitor> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Longer than a silo takes to read the membership table again if it has missed the gossip.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(12);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, timeProvider);
        var before = await ListAsync();
        Deadline? again = null;
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (await ListAsync() is not { } now)
                {
                    continue;
                }

                if (before?.SetEquals(now) == false)
                {
                    LogChanged(before, now);
                    hub.AttachAllSoon();
                    again = new Deadline(timeProvider, Settled);
                }
                else if (again?.Remaining == TimeSpan.Zero)
                {
                    hub.AttachAllSoon();
                    again = null;
                }

                before = now;
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private void LogChanged(HashSet<Uri> before, HashSet<Uri> now)
    {
        if (before.IsSubsetOf(now))
        {
            LogJoined(string.Join(", ", now.Except(before)));
        }
        else
        {
            LogLeft(string.Join(", ", before.Except(now)));
        }
    }

    /// <returns>Null: the list can't be read.</returns>
    private async Task<HashSet<Uri>?> ListAsync()
    {
        try
        {
            HashSet<Uri> list = [.. await silos.GetGateways()];
            doors.Update(list);
            return list;
        }
        catch (Exception fault)
        {
            LogListUnreadable(fault);
            return null;
        }
    }
}
