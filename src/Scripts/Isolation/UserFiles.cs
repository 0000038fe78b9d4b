using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.Versioning;

namespace SyncCluster.Scripts.Isolation;

/// <summary>
/// Deletes the files of a script that ran as a user of its own, as that user. A process of the user may still run, and put a link in the place of a
/// folder at any moment: the server would follow it, with its own rights.
/// </summary>
internal static class UserFiles
{
    private const string Script = """
        exec </dev/null >/dev/null 2>&1
        find "$1" -mindepth 1 -delete && exit
        find "$1" -type d -exec chmod u+rwx {} \;
        find "$1" -mindepth 1 -delete
        """;

    /// <summary>A user may stop this process, which is its own.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <exception cref="IOException">Something in the folder could not be deleted.</exception>
    /// <exception cref="UnauthorizedAccessException">Something in the folder could not be deleted.</exception>
    [SupportedOSPlatform("linux")]
    public static async Task DeleteAsync(string folder, int user, Shell shell, TimeProvider time)
    {
        var start = shell.Command([.. ScriptIsolation.AsUser(shell, user), shell.Sh!, "-c", Script, "synccluster_delete", folder]);
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        try
        {
            using var process = new Process { StartInfo = start };
            using (ForkLock.Start())
            {
                process.Start();
            }

            using var limit = new CancellationTokenSource(Limit, time);
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.HasExited)
            {
                NativeMethods.KillWithGroup(process.Id);
            }
        }
        catch (Win32Exception failure)
        {
            throw new IOException("No process could be started that deletes the files of a script.", failure);
        }

        Directory.Delete(folder);
    }
}
