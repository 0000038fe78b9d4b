using System.Globalization;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting;
using SyncCluster.Overview;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>Tells the cluster that this gateway is there, so that the pages of all gateways can show it.</summary>
internal sealed class GatewayReporter(ClusterReader cluster, GatewayState state, TimeProvider timeProvider)
    : PeriodicService(ReportedGateways.Interval, timeProvider)
{
    /// <inheritdoc/>
    protected override Task RunAsync() => cluster.ReportAsync(state.Report());
}

/// <summary>What this gateway is and does.</summary>
internal sealed class GatewayState(WaiterHub hub, TimeProvider timeProvider)
{
    private readonly DateTimeOffset _startedAt = timeProvider.GetUtcNow();

    /// <summary>Of this process.</summary>
    public Guid Id { get; } = Guid.NewGuid();

    public GatewayReport Report() => new()
    {
        Id = Id,
        Name = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName} ({Environment.ProcessId})"),
        Version = ProductVersion.Text,
        StartedAt = _startedAt,
        Waiters = hub.Waiters,
        ClockOffset = timeProvider.GetUtcNow() - TimeProvider.System.GetUtcNow(),
    };
}
