using System.Diagnostics;

namespace SyncCluster.Harness.Processes;

/// <summary>
/// Kills the process groups that it watches and removes their folder, on disposal and when this process ends without it: a shell reads the groups
/// from a pipe, and the pipe ends with this process. The shell waits for every process that names the folder on its command line: scripts, and the
/// watchdogs of silos, which kill them.
/// </summary>
public sealed class ProcessReaper : IDisposable
{
    private const string Script = """
        trap '' INT TERM HUP
        read -r folder
        while read -r sign group; do
          case $sign in
            +) groups="$groups -$group " ;;
            -) groups=$(printf '%s' "$groups" | sed "s/ -$group / /") ;;
          esac
        done
        [ -z "$groups" ] || kill -s KILL -- $groups 2>/dev/null
        for round in $(seq 100); do
          printf '%s\n' "$folder" | grep -qsF -f - /proc/[0-9]*/cmdline || break
          sleep 0.1
        done
        rm -rf -- "$folder"
        """;

    private readonly Lock _lock = new();
    private readonly string _folder;
    private Process? _shell;
    private bool _isDisposed;

    /// <param name="folder">Everything below it is removed in the end.</param>
    public ProcessReaper(string folder) => _folder = folder;

    /// <param name="group">A process that leads a group of its own.</param>
    public void Watch(int group) => Write($"+ {group}");

    /// <summary>The process has ended, and its id may soon be that of another.</summary>
    public void Forget(int group) => Write($"- {group}");

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            if (_shell is null)
            {
                Directory.Delete(_folder, recursive: true);
                return;
            }
        }

        _shell.StandardInput.Close();
        _shell.WaitForExit();
        _shell.Dispose();
    }

    private void Write(string line)
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            if (_shell is null)
            {
                _shell = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", Script]) { RedirectStandardInput = true })!;
                _shell.StandardInput.WriteLine(_folder);
            }

            _shell.StandardInput.WriteLine(line);
            _shell.StandardInput.Flush();
        }
    }
}
