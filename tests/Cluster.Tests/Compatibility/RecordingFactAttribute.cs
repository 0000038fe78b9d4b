using SyncCluster.Cluster.Tests.Clusters;

namespace SyncCluster.Cluster.Tests.Compatibility;

/// <summary>
/// Records what another version stores, in place of the files that the tests read. An environment variable names the folder of its gateway, in which
/// its silo is too; skipped without it.
/// </summary>
internal sealed class RecordingFactAttribute : FactAttribute
{
    private const string Variable = "SYNCCLUSTER_RECORD";

    private static readonly string? Folder = Environment.GetEnvironmentVariable(Variable);

    public RecordingFactAttribute() => Skip = ClusterFactAttribute.SkipReason ?? (Folder is null ? $"{Variable} names no build to record." : null);

    public static IReadOnlyList<string> SiloProgram => ["dotnet", Path.Combine(Folder!, "SyncCluster.Silo.dll")];

    public static IReadOnlyList<string> GatewayProgram => ["dotnet", Path.Combine(Folder!, "SyncCluster.Gateway.dll")];
}
