using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Compatibility;

/// <summary>As <see cref="Version01Cluster"/>, but the cluster of version 0.1 had a name of its own, and its keys were renamed.</summary>
public sealed class RenamedVersion01Cluster : Version01Cluster
{
    /// <inheritdoc/>
    protected override string ClusterName => "blue";

    private protected override async Task PrepareAsync()
    {
        await base.PrepareAsync();
        await Redis.Database.HashSetAsync($"synccluster/members/{ClusterName}", "Version", "4");
        using var command = Start(
            "rename-keys", [.. ServerPrograms.Silo, "rename-keys", $"--Cluster:Redis={Redis.Endpoint}", $"--Cluster:Name={ClusterName}"]);
        Assert.Equal(0, await command.ExitAsync());
    }
}
