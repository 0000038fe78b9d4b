using SyncCluster.Harness;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>The files by which scripts of a test say that they run, and for which they wait.</summary>
internal sealed class ScriptGate(string path) : IDisposable
{
    public string Started => $"{path}.started";

    /// <summary>Locked by each script that runs.</summary>
    public string Alone => $"{path}.alone";

    /// <summary>Exists if two scripts have run at once.</summary>
    public string Overlaps => $"{path}.overlaps";

    public string Opened => $"{path}.opened";

    public void Open() => File.WriteAllText(Opened, "");

    /// <summary>Opens the gate: a test that fails leaves no script behind.</summary>
    public void Dispose() => Open();

    /// <summary>The ids of the jobs whose scripts have started, once for each start.</summary>
    public string[] Runs() => File.Exists(Started) ? File.ReadAllLines(Started) : [];

    public async Task<string> FirstRunAsync()
    {
        await Eventually.TrueAsync(() => Runs().Length > 0, "the first script has started");
        return Runs()[0];
    }
}
