using System.Globalization;
using SyncCluster.Cluster.Tests.Clusters;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>A test that runs for as many minutes as an environment variable says, and is skipped without it.</summary>
internal sealed class SoakFactAttribute : FactAttribute
{
    private const string Variable = "SYNCCLUSTER_SOAK_MINUTES";

    public SoakFactAttribute() => Skip = ClusterFactAttribute.SkipReason ?? (Duration is null ? $"{Variable} is not set to a number of minutes." : null);

    public static TimeSpan? Duration { get; } =
        double.TryParse(Environment.GetEnvironmentVariable(Variable), CultureInfo.InvariantCulture, out var minutes) ? TimeSpan.FromMinutes(minutes) : null;
}
