namespace SyncCluster.Cluster.Tests.Processes;

/// <summary>A test on real processes over a real Redis.</summary>
internal sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute() => Skip = Missing;

    /// <summary>Why there can be no cluster here; null where there can.</summary>
    public static string? Missing { get; } =
        !OperatingSystem.IsLinux() ? "Scripts run on Linux only."
        : !Has("redis-server") ? "redis-server is not installed."
        : null;

    private static bool Has(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
