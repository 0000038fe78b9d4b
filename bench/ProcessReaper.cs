using System.Diagnostics;

namespace SyncCluster.Bench;

/// <summary>
/// Kills the process groups that this run has started, and removes its folder, when it is disposed of or the run is gone, however it went: a shell
/// that reads the groups from a pipe, and whose pipe ends with us. It waits for what names the folder on its command line: scripts, and the silos'
/// watchdogs that kill them.
/// </summary>
internal sealed class ProcessReaper : IDisposable
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

    private readonly Lock _pen = new();
    private readonly Process _shell = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", Script]) { RedirectStandardInput = true })!;

    public ProcessReaper(string folder) => Write(folder);

    public void Watch(int group) => Write($"+ {group}");

    /// <summary>It has ended, and its number may be another's before long.</summary>
    public void Forget(int group) => Write($"- {group}");

    public void Dispose()
    {
        _shell.StandardInput.Close();
        _shell.WaitForExit();
        _shell.Dispose();
    }

    private void Write(string line)
    {
        lock (_pen)
        {
            _shell.StandardInput.WriteLine(line);
            _shell.StandardInput.Flush();
        }
    }
}
