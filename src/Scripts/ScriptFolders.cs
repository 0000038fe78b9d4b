using System.Runtime.Versioning;
using SyncCluster.Scripts.Isolation;

namespace SyncCluster.Scripts;

/// <summary>
/// The temporary folders of a runner: one for each run, accessible to the script's user only, all under one root. Where scripts have users of their
/// own, these may pass through the root to a folder of theirs, but not see what is in it.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class ScriptFolders : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerAndPassage = OwnerOnly | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly Lazy<string> _root = new(() => Directory.CreateTempSubdirectory($"synccluster-{Environment.ProcessId}-").FullName);

    private volatile bool _hasUsers;

    /// <summary>The folder that contains all others, created on first use.</summary>
    public string Root => _root.Value;

    /// <summary>Creates a folder that contains the script and its file arguments.</summary>
    /// <exception cref="IOException">The folder could not be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder could not be written.</exception>
    public ScriptFolder Create(Guid run, ScriptCommand command, Sandbox? sandbox)
    {
        _hasUsers |= command.User is not null;
        SecureRoot();
        var path = Path.Combine(Root, run.ToString("N"));
        return ScriptFolder.Create(path, sandbox is null ? path : Sandbox.Folder, command);
    }

    /// <summary>Deletes the folder of a run whose script ran as the server's user. Does nothing if the root is the server's no more.</summary>
    /// <exception cref="IOException">Something in it could not be deleted.</exception>
    /// <exception cref="UnauthorizedAccessException">Something in it could not be deleted.</exception>
    public void Delete(ScriptFolder folder)
    {
        if (NativeMethods.ModeOfOwnFolder(Root) is not null)
        {
            ScriptFolder.Delete(folder.Path);
        }
    }

    public void Dispose()
    {
        // For files of other users see UserFiles: the watchdog deletes them, with a program that follows no links.
        if (_root.IsValueCreated && !_hasUsers && NativeMethods.ModeOfOwnFolder(Root) is not null)
        {
            ScriptFolder.Delete(Root);
        }
    }

    /// <summary>
    /// Has the root be there, belong to the server's user, and be open to no other. A program that clears the folder of temporary files may have
    /// removed it, and any user may have put a folder or a link in its place since. The name stays, since the watchdog knows it.
    /// </summary>
    private void SecureRoot()
    {
        var mode = NativeMethods.ModeOfOwnFolder(Root);
        if (mode is null)
        {
            // Another run may create it at the same time.
            NativeMethods.TryCreateFolder(Root);
            mode = NativeMethods.ModeOfOwnFolder(Root)
                ?? throw new UnauthorizedAccessException($"{Root}, the folder of all scripts, was replaced by something that is not this server's.");
        }

        var wanted = _hasUsers ? OwnerAndPassage : OwnerOnly;
        if (mode != wanted)
        {
            File.SetUnixFileMode(Root, wanted);
        }
    }
}
