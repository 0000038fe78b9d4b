using System.Runtime.Versioning;

namespace SyncCluster.Scripts;

/// <summary>The temporary folders of a runner: one for each run, all under one root, accessible to the server's user only.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ScriptFolders : IDisposable
{
    private readonly Lazy<string> _root = new(() => Directory.CreateTempSubdirectory($"synccluster-{Environment.ProcessId}-").FullName);

    /// <summary>The folder that contains all others, created on first use.</summary>
    public string Root => _root.Value;

    /// <summary>Creates a folder that contains the script and its file arguments.</summary>
    /// <exception cref="IOException">The folder could not be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder could not be written.</exception>
    public ScriptFolder Create(Guid run, ScriptCommand command) => ScriptFolder.Create(Path.Combine(Root, run.ToString("N")), command);

    public void Dispose()
    {
        if (_root.IsValueCreated && Directory.Exists(Root))
        {
            ScriptFolder.Delete(Root);
        }
    }
}
