using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Gateway.Tests.Documents;
using SyncCluster.Telemetry;

namespace SyncCluster.Gateway.Tests.Telemetry;

/// <summary>The table of metrics, against the instruments.</summary>
[Collection(Measurements.Name)]
public sealed class MetricDocumentTests
{
    [Fact]
    public void Every_metric_is_documented_with_its_unit_and_no_other_one()
    {
        var instruments = new List<(string Name, string? Unit)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == ServerMetrics.MeterName)
                {
                    lock (instruments)
                    {
                        instruments.Add((instrument.Name, instrument.Unit));
                    }
                }
            },
        };
        listener.Start();

        using var services = new ServiceCollection().AddMetrics().AddSingleton<ServerMetrics>().BuildServiceProvider();
        var metrics = services.GetRequiredService<ServerMetrics>();
        metrics.ObserveWaiters(() => [], 1);
        metrics.ObserveExecutor(() => 0, () => 0, () => 0, 1);
        metrics.ObserveClockSkew(() => TimeSpan.Zero);
        metrics.ObserveCertificate(() => TimeSpan.Zero);
        metrics.ObserveConnections(() => 0, 1, () => 0, 1);

        var documented = Repository.Read("docs/operations.md").TableRows
            .Where(row => row[0].StartsWith("`synccluster.", StringComparison.Ordinal))
            .Select(row => (row[0].Trim('`'), (string?)row[1].Trim('`')));
        lock (instruments)
        {
            Assert.Equal(instruments.Distinct().Order(), documented.Order());
        }
    }
}
