using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Calls;

/// <summary>A script that has begun: its call and the two processes above it, one of which is its silo.</summary>
internal sealed record ScriptRun(string CallId, int Parent, int Grandparent)
{
    public static IReadOnlyList<ScriptRun> All(ScriptCluster cluster)
    {
        using var file = new FileStream(cluster.RunsFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
    }

    public bool IsOn(Server silo) => IsOn(silo.Process.Id);

    public bool IsOn(int silo) => silo == Parent || silo == Grandparent;

    private static ScriptRun Parse(string line)
    {
        var words = line.Split(' ');
        return new(words[0], int.Parse(words[1], null), int.Parse(words[2], null));
    }
}
