using System.Runtime.Versioning;

namespace SyncCluster.Scripts;

/// <summary>The temporary folders of a runner: one for each run, all under one root, for the server's user only.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ScriptFolders : IDisposable
{
    private readonly Lazy<string> _root = new(() => Directory.CreateTempSubdirectory($"synccluster-{Environment.ProcessId}-").FullName);

    /// <summary>The folder above all others, created when first asked for.</summary>
    public string Root => _root.Value;

    /// <summary>Makes a folder with the script and its file arguments in it.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It could not be written.</exception>
    public ScriptFolder Create(Guid run, ScriptCommand command) => ScriptFolder.Create(Path.Combine(Root, run.ToString("N")), command);

    public void Dispose()
    {
        if (_root.IsValueCreated && Directory.Exists(Root))
        {
            ScriptFolder.Delete(Root);
        }
    }
}
