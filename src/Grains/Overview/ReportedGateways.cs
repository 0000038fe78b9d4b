using System.Collections.Concurrent;

namespace SyncCluster.Overview;

/// <summary>The gateways that report to this silo. One that has not done so for some seconds is gone, or reports to another silo.</summary>
internal sealed class ReportedGateways(TimeProvider timeProvider)
{
    /// <summary>From one report of a gateway to the next.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    private const int Most = 1000;

    private readonly ConcurrentDictionary<Guid, (GatewayReport Report, long At)> _reports = new();

    /// <summary>Those that are there, by their names.</summary>
    public GatewayReport[] All
    {
        get
        {
            foreach (var (id, (_, at)) in _reports)
            {
                if (timeProvider.GetElapsedTime(at) > 4 * Interval)
                {
                    _reports.TryRemove(id, out _);
                }
            }

            return [.. _reports.Values.Select(report => report.Report).OrderBy(report => report.Name, StringComparer.Ordinal)];
        }
    }

    public void Add(GatewayReport report)
    {
        if (_reports.Count < Most || _reports.ContainsKey(report.Id))
        {
            _reports[report.Id] = (report, timeProvider.GetTimestamp());
        }
    }
}
