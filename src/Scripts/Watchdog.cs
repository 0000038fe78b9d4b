using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;

namespace SyncCluster.Scripts;

/// <summary>
/// Kills the scripts of a server that died, however it died. A shell in a session of its own reads from a pipe that only this process can write to:
/// <c>+</c> or <c>-</c> and the id of a process group, a line each. The pipe's end means that this process is gone. Linux' own parent-death signal
/// will not do: it is sent when the thread ends that started the process.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class Watchdog(Shell shell, Guid runner, ScriptFolders folders, TimeProvider time, ILogger logger) : IDisposable
{
    // Arguments: the marker's beginning, the root folder. The search is repeated until nothing is found, and once more for what was just starting.
    // Whom it finds may lead a group, in which there are others without the marker.
    private const string Text = """
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
        find "$2" -type d -exec chmod u+rwx {} \;
        rm -rf -- "$2"
        sleep 1
        sweep "$1"
        rm -rf -- "$2"
        """;

    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly HashSet<int> _groups = [];
    private Process? _process;
    private bool _disposed;

    /// <summary>The process that watches now; for tests.</summary>
    internal int? ProcessId => _process?.Id;

    /// <summary>Makes sure that somebody watches before something is started.</summary>
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

    public void Add(int group)
    {
        lock (_lock)
        {
            _groups.Add(group);
            Tell('+', group);
        }
    }

    public void Remove(int group)
    {
        lock (_lock)
        {
            _groups.Remove(group);
            Tell('-', group);
        }
    }

    /// <summary>Lets go of the pipe, upon which the watchdog kills what is left and ends.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            LetGo();
        }
    }

    private void Start()
    {
        var start = shell.Command(Text, "synccluster_watchdog", $"{RunMarker.Variable}={runner:N}/", folders.Root);
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        start.RedirectStandardInput = true;
        LetGo();
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var begun = time.GetTimestamp();
        // Not in the event itself: it is raised under the process' own lock, or out of HasExited in the midst of Ensure.
        process.Exited += (_, _) => ThreadPool.UnsafeQueueUserWorkItem(_ => Restart(process, begun), null);
        process.Start();
        _process = process;
        foreach (var group in _groups)
        {
            Write('+', group);
        }
    }

    // One that died at once would do so again: then the next run tries.
    private void Restart(Process process, long begun)
    {
        lock (_lock)
        {
            if (_disposed || _process != process || time.GetElapsedTime(begun) < ShortLife)
            {
                return;
            }

            WatchdogDied(logger);
            TryStart();
        }
    }

    private void Tell(char sign, int group)
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

    private void LetGo()
    {
        // A process does not close a stream that was handed out.
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
            NobodyWatches(logger, e);
        }
    }

    private void Write(char sign, int group)
    {
        // None after a failed start: the next run tries again, and tells it of all groups.
        if (_process?.StandardInput is not { } input)
        {
            return;
        }

        input.Write(string.Create(CultureInfo.InvariantCulture, $"{sign}{group}\n"));
        input.Flush();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The watchdog over this server's scripts has died; a new one takes over.")]
    private static partial void WatchdogDied(ILogger logger);

    [LoggerMessage(Level = LogLevel.Error, Message = "No watchdog could be started: should this server be killed now, its scripts outlive it.")]
    private static partial void NobodyWatches(ILogger logger, Exception exception);
}
