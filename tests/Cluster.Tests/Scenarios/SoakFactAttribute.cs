using System.Globalization;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>A test that goes on for as many minutes as an environment variable says, and is skipped without it.</summary>
internal sealed class SoakFactAttribute : FactAttribute
{
    private const string Variable = "SYNCCLUSTER_SOAK_MINUTES";

    public SoakFactAttribute() => Skip = ClusterFactAttribute.Missing ?? (Time is null ? $"{Variable} does not say for how many minutes." : null);

    public static TimeSpan? Time { get; } =
        double.TryParse(Environment.GetEnvironmentVariable(Variable), CultureInfo.InvariantCulture, out var minutes) ? TimeSpan.FromMinutes(minutes) : null;
}
