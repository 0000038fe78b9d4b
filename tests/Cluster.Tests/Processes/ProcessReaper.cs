using System.Diagnostics;

namespace SyncCluster.Cluster.Tests.Processes;

/// <summary>
/// Kills what this test run has started when the run is gone, however it went: a shell that reads process ids from a pipe, and whose pipe ends with us.
/// </summary>
internal static class ProcessReaper
{
    private const string Script = """
        trap '' INT TERM HUP
        while read -r sign pid; do
          case $sign in
            +) pids="$pids $pid " ;;
            -) pids=$(printf '%s' "$pids" | sed "s/ $pid / /") ;;
          esac
        done
        for pid in $pids; do kill -KILL "$pid"; done
        """;

    private static readonly Lock Pen = new();
    private static readonly Lazy<Process> Shell = new(() => Process.Start(new ProcessStartInfo("sh", ["-c", Script]) { RedirectStandardInput = true })!);

    public static void Watch(int pid) => Write($"+ {pid}");

    public static void Forget(int pid) => Write($"- {pid}");

    private static void Write(string line)
    {
        lock (Pen)
        {
            Shell.Value.StandardInput.WriteLine(line);
            Shell.Value.StandardInput.Flush();
        }
    }
}
