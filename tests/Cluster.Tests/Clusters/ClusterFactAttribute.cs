using SyncCluster.Harness;

namespace SyncCluster.Cluster.Tests.Clusters;

/// <summary>A test on real processes over a real Redis.</summary>
internal sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute() => Skip = SkipReason;

    /// <summary>Why a cluster can't be started here; null where it can.</summary>
    public static string? SkipReason { get; } =
        !OperatingSystem.IsLinux() ? "Scripts run on Linux only."
        : InstalledPrograms.Find("redis-server") is null ? "redis-server is not installed."
        : null;
}
