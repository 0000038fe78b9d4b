using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using SyncCluster.Scripts.Isolation;

namespace SyncCluster.Scripts;

/// <summary>
/// Kills the scripts of a server that has died for any reason. A shell in a session of its own reads lines from a pipe that only this process can
/// write to: <c>+</c> or <c>-</c>, and the id of a process group. The end of the pipe means that this process has ended. The parent-death signal of
/// Linux is no alternative: it is sent when the thread ends that has started the process.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class Watchdog(
    Shell shell, Guid runner, ScriptFolders folders, JobCgroups? cgroups, TimeProvider time, ILogger<Watchdog> logger) : IDisposable
{
    // Arguments: the marker's prefix, the root folder, the root of the control groups if there is one. The search is repeated until it finds nothing,
    // and once more for processes that were just starting. A process that is found may lead a group in which others carry no marker.
    private const string Script = """
        trap '' HUP INT QUIT TERM
        exec >/dev/null 2>&1
        groups=' '
        while read -r line; do
          group=${line#[+-]}
          case $line in
            +*) groups="$groups$group " ;;
            -*) case $groups in *" $group "*) groups="${groups%%" $group "*} ${groups#*" $group "}" ;; esac ;;
          esac
        done
        [ -z "$3" ] || echo 1 >"$3/cgroup.kill"
        for group in $groups; do kill -s KILL -- "-$group"; done
        sweep() {
          rounds=0
          while [ $rounds -lt 20 ]; do
            rounds=$((rounds + 1))
            files=$(grep -lF -- "$1" /proc/[0-9]*/environ)
            [ -n "$files" ] || break
            for file in $files; do id=${file#/proc/}; id=${id%/environ}; kill -s KILL -- "-$id"; kill -s KILL "$id"; done
          done
        }
        sweep "$1"
        rm -rf -- "$2" || {
          find "$2" -type d -exec chmod u+rwx {} \;
          rm -rf -- "$2"
        }
        sleep 1
        sweep "$1"
        rm -rf -- "$2"
        [ -z "$3" ] || rmdir "$3"/*/ "$3"
        """;

    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly HashSet<int> _groups = [];
    private Process? _process;
    private bool _disposed;

    /// <summary>The id of the watchdog's process; for tests.</summary>
    internal int? ProcessId => _process?.Id;

    /// <summary>Starts the watchdog's process if none runs. To be called before a script is started.</summary>
    /// <exception cref="Win32Exception">The watchdog could not be started.</exception>
    public void Ensure()
    {
        lock (_lock)
        {
            if (!_disposed && _process is null or { HasExited: true })
            {
                Start();
            }
        }
    }

    /// <summary>Has the watchdog kill a group if this server dies.</summary>
    public void Add(int group)
    {
        lock (_lock)
        {
            _groups.Add(group);
            Send('+', group);
        }
    }

    /// <summary>The group has ended: its id may become that of other processes.</summary>
    public void Remove(int group)
    {
        lock (_lock)
        {
            _groups.Remove(group);
            Send('-', group);
        }
    }

    /// <summary>Closes the pipe, upon which the watchdog kills what is left and ends.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            Close();
        }
    }

    private void Start()
    {
        var start = shell.Command(Script, "synccluster_watchdog", $"{RunMarker.Variable}={runner:N}/", folders.Root, cgroups?.Root ?? "");
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        start.RedirectStandardInput = true;
        Close();
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var begun = time.GetTimestamp();
        // Not in the event itself, which is raised under the process' own lock, or by HasExited within Ensure.
        process.Exited += (_, _) => ThreadPool.UnsafeQueueUserWorkItem(_ => Restart(process, begun), null);
        using (ForkLock.Start())
        {
            process.Start();
        }

        _process = process;
        LogStarted(process.Id);
        foreach (var group in _groups)
        {
            Write('+', group);
        }
    }

    // A watchdog that died at once would do so again: then the next run starts one.
    private void Restart(Process process, long begun)
    {
        lock (_lock)
        {
            if (_disposed || _process != process || time.GetElapsedTime(begun) < ShortLife)
            {
                return;
            }

            LogDied();
            TryStart();
        }
    }

    private void Send(char sign, int group)
    {
        if (_disposed)
        {
            return;
        }

        try
        {
            Write(sign, group);
        }
        catch (IOException)
        {
            TryStart();
        }
    }

    private void Close()
    {
        // Disposing of a process does not close a stream that its property has returned.
        _process?.StandardInput.BaseStream.Dispose();
        _process?.Dispose();
        _process = null;
    }

    private void TryStart()
    {
        try
        {
            Start();
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            LogNotStarted(e);
        }
    }

    private void Write(char sign, int group)
    {
        // Null after a failed start: the next run starts another watchdog, which gets all groups.
        if (_process?.StandardInput is not { } input)
        {
            return;
        }

        input.Write(string.Create(CultureInfo.InvariantCulture, $"{sign}{group}\n"));
        input.Flush();
    }
}
