using System.Runtime.Versioning;
using SyncCluster.Scripts.Isolation;

namespace SyncCluster.Scripts;

/// <summary>
/// The temporary folders of a runner: one for each run, accessible to the script's user only, all under one root. Other users may pass through the
/// root to a folder of theirs, but not see what is in it.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class ScriptFolders : IDisposable
{
    private const UnixFileMode OwnerAndPassage =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly Lazy<string> _root = new(() =>
    {
        var root = Directory.CreateTempSubdirectory($"synccluster-{Environment.ProcessId}-");
        root.UnixFileMode = OwnerAndPassage;
        return root.FullName;
    });

    private volatile bool _hasUsers;

    /// <summary>The folder that contains all others, created on first use.</summary>
    public string Root => _root.Value;

    /// <summary>Creates a folder that contains the script and its file arguments.</summary>
    /// <exception cref="IOException">The folder could not be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder could not be written.</exception>
    public ScriptFolder Create(Guid run, ScriptCommand command, Sandbox? sandbox)
    {
        _hasUsers |= command.User is not null;
        var path = Path.Combine(Root, run.ToString("N"));
        return ScriptFolder.Create(path, sandbox is null ? path : Sandbox.Folder, command);
    }

    public void Dispose()
    {
        // For files of other users see UserFiles: the watchdog deletes them, with a program that follows no links.
        if (_root.IsValueCreated && !_hasUsers && Directory.Exists(Root))
        {
            ScriptFolder.Delete(Root);
        }
    }
}
