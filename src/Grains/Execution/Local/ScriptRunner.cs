using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SyncCluster.Execution.Local;

/// <summary>
/// Runs scripts as child processes, each in a session, a process group and a folder of its own; Linux only. When the script's process has ended, by
/// itself or by a signal, the rest of its group is killed; what has left the group is found by its marker (<see cref="OrphanSweep"/>), and what
/// would outlive this server is killed by the <see cref="Watchdog"/>.
/// </summary>
internal sealed partial class ScriptRunner : IDisposable
{
    private const int BusyTries = 5;
    private static readonly TimeSpan OutputGrace = TimeSpan.FromSeconds(1);

    private readonly Guid _id = Guid.NewGuid();
    private readonly LocalExecutorOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ScriptRunner> _logger;
    private readonly Shell _shell = Shell.Find(Environment.GetEnvironmentVariable("PATH"));
    private readonly ConcurrentDictionary<Guid, int> _groups = new();
    private readonly ScriptFolders? _folders;
    private readonly Watchdog? _watchdog;
    private readonly OrphanSweep? _sweep;

    public ScriptRunner(IOptions<LocalExecutorOptions> options, TimeProvider time, ILogger<ScriptRunner> logger)
    {
        _options = options.Value;
        _time = time;
        _logger = logger;
        if (OperatingSystem.IsLinux())
        {
            _folders = new();
            _watchdog = new(_shell, _id, _folders, time, logger);
            _sweep = new(_id, _groups.ContainsKey, time);
        }
    }

    /// <summary>Runs a script to its end. Whatever a script does or lacks is in the result; nothing is thrown for it.</summary>
    /// <param name="command">What to run.</param>
    /// <param name="stop">Ends the run: SIGTERM to its group, and SIGKILL when it is still there after <see cref="LocalExecutorOptions.KillGrace"/>.</param>
    public async Task<ScriptRun> RunAsync(ScriptCommand command, CancellationToken stop)
    {
        if (!OperatingSystem.IsLinux())
        {
            return NotStarted("Scripts can be run on Linux only.");
        }

        if (_shell.Missing is { } program)
        {
            return NotStarted($"The server can run no scripts: it has no `{program}`. Install it.");
        }

        if (LaunchFailure.Of(command) is { } fault)
        {
            return NotStarted(fault);
        }

        return stop.IsCancellationRequested ? new ScriptRun { End = ScriptEnd.Stopped } : await RunInFolderAsync(command, stop);
    }

    /// <summary>Kills what still runs.</summary>
    public void Dispose()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        _sweep!.Dispose();
        foreach (var group in _groups.Values.Where(group => group != 0))
        {
            Libc.Signal(-group, Libc.Kill);
        }

        // It kills what has escaped, and removes the folders.
        _watchdog!.Dispose();
        try
        {
            _folders!.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogFolderLeft(e);
        }
    }

    private static ScriptRun NotStarted(string fault) => new() { End = ScriptEnd.NotStarted, Fault = fault };

    [SupportedOSPlatform("linux")]
    private async Task<ScriptRun> RunInFolderAsync(ScriptCommand command, CancellationToken stop)
    {
        var run = Guid.NewGuid();
        _groups[run] = 0;
        ScriptFolder? folder = null;
        try
        {
            folder = _folders!.Create(run, command);
            for (var tries = 1; ; tries++)
            {
                var ended = await RunOnceAsync(run, command, folder, stop);
                if (ended.End != ScriptEnd.Exited || !LaunchFailure.IsPassing(ended.Code, ended.Log) || tries == BusyTries)
                {
                    return ended.End == ScriptEnd.Exited && LaunchFailure.Of(command, folder.Path, ended.Code, ended.Log) is { } fault
                        ? NotStarted(fault)
                        : ended;
                }
            }
        }
        catch (Win32Exception failure)
        {
            return NotStarted(LaunchFailure.Of(failure));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogFolderFailed(e);
            return NotStarted("The server could not write the script and its files to its temporary folder: its disk may be full.");
        }
        finally
        {
            _groups.TryRemove(run, out _);
            _sweep!.Request();
            Delete(folder);
        }
    }

    [SupportedOSPlatform("linux")]
    private async Task<ScriptRun> RunOnceAsync(Guid run, ScriptCommand command, ScriptFolder folder, CancellationToken stop)
    {
        // What the script prints to either stream goes through one pipe, so that the log has it in the order in which it came.
        var text = "exec 2>&1 </dev/null\n" + command.Runas.Replace("%script%", "\"$@\"", StringComparison.Ordinal);
        var start = _shell.Command(text, "script_runas", [folder.Script, .. folder.Words]);
        start.WorkingDirectory = folder.Path;
        start.RedirectStandardOutput = true;
        foreach (var (name, value) in ScriptEnvironment.Compose(Environment.GetEnvironmentVariable, command.Environment, new RunMarker(_id, run)))
        {
            start.Environment[name] = value;
        }

        _watchdog!.Ensure();
        using var process = new Process { StartInfo = start };
        var begun = _time.GetTimestamp();
        process.Start();
        var group = process.Id;
        _groups[run] = group;
        _watchdog.Add(group);
        var log = new ScriptLog();
        var output = new OutputPipe((AnonymousPipeClientStream)process.StandardOutput.BaseStream, log);
        var (end, signal) = await EndAsync(process.WaitForExitAsync(CancellationToken.None), group, command.Timeout, stop);
        var elapsed = _time.GetElapsedTime(begun);
        Libc.Signal(-group, Libc.Kill);
        _watchdog.Remove(group);
        await output.FinishAsync(OutputGrace, _time);
        return new ScriptRun
        {
            End = end,
            Code = end == ScriptEnd.Exited ? process.ExitCode : null,
            Log = log.Text(),
            LastLine = log.LastLine,
            Signal = signal,
            Elapsed = elapsed,
        };
    }

    [SupportedOSPlatform("linux")]
    private async Task<(ScriptEnd End, string? Signal)> EndAsync(Task exit, int group, TimeSpan timeout, CancellationToken stop)
    {
        ScriptEnd end;
        try
        {
            await exit.WaitAsync(timeout, _time, stop);
            return (ScriptEnd.Exited, null);
        }
        catch (TimeoutException)
        {
            end = ScriptEnd.TimedOut;
        }
        catch (OperationCanceledException)
        {
            end = ScriptEnd.Stopped;
        }

        if (!Libc.Signal(-group, Libc.Terminate))
        {
            // Just started, and not yet the leader of its group.
            Libc.Signal(group, Libc.Terminate);
        }

        try
        {
            await exit.WaitAsync(_options.KillGrace, _time, CancellationToken.None);
            return (end, "SIGTERM");
        }
        catch (TimeoutException)
        {
            Libc.Signal(-group, Libc.Kill);
            await exit;
            return (end, "SIGKILL");
        }
    }

    [SupportedOSPlatform("linux")]
    private void Delete(ScriptFolder? folder)
    {
        try
        {
            if (folder is not null)
            {
                ScriptFolder.Delete(folder.Path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogFolderLeft(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A script's temporary folder could not be removed.")]
    private partial void LogFolderLeft(Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "A script could not be written to its temporary folder.")]
    private partial void LogFolderFailed(Exception exception);
}
