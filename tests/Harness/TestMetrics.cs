using System.Diagnostics.Metrics;
using SyncCluster.Telemetry;

namespace SyncCluster.Harness;

/// <summary>Instruments of a test's own.</summary>
internal static class TestMetrics
{
    public static ServerMetrics New() => new(new MeterFactory());

    private sealed class MeterFactory : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }
}
