using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Compatibility;

/// <summary>
/// Records what another version stores, in place of the files that the tests read. An environment variable names the folder of its gateway, in which
/// its silo is too; skipped without it.
/// </summary>
internal sealed class RecordingFactAttribute : FactAttribute
{
    private const string Variable = "SYNCCLUSTER_RECORD";

    public RecordingFactAttribute() => Skip = ClusterFactAttribute.Missing ?? (Programs is null ? $"{Variable} names no build to record." : null);

    public static string? Programs { get; } = Environment.GetEnvironmentVariable(Variable);
}
