using Orleans.Messaging;

namespace SyncCluster.Gateway.Waiting;

/// <summary>Has all waited-for jobs asked for again when a silo has left the cluster (rule I7).</summary>
internal sealed partial class SiloMonitor(IGatewayListProvider silos, WaiterHub hub, TimeProvider timeProvider, ILogger<SiloMonitor> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Longer than a silo that has missed the gossip takes to read the membership again.</summary>
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

                if (before?.IsSubsetOf(now) == false)
                {
                    LogLeft(string.Join(", ", before.Except(now)));
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

    /// <summary>Null where the list can't be read.</summary>
    private async Task<HashSet<Uri>?> ListAsync()
    {
        try
        {
            return [.. await silos.GetGateways()];
        }
        catch (Exception fault)
        {
            LogUnknown(fault.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Left the cluster: {Silos}. All waited-for jobs are asked for again.")]
    private partial void LogLeft(string silos);

    [LoggerMessage(Level = LogLevel.Information, Message = "The list of silos can't be read: {Fault}")]
    private partial void LogUnknown(string fault);
}
