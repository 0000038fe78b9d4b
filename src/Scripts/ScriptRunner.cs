using System.Collections.Concurrent;
using System.ComponentModel;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;

namespace SyncCluster.Scripts;

/// <summary>
/// Runs scripts as processes of this machine, many at once. Each leads a session and a process group of its own, so that all it started
/// can be ended with it; what leaves the group is found by its marker (<see cref="OrphanSweep"/>), and what outlives this server by its
/// <see cref="Watchdog"/>.
/// </summary>
internal sealed partial class ScriptRunner : IDisposable
{
    private const int Attempts = 5;

    private const string StillRuns =
        "The server could not end the script, and does not wait for it any more: it may go on. Have script_runas start it as a user whose processes the server may end.";

    /// <summary>By which a shell complains, for <see cref="LaunchFailure"/>.</summary>
    private const string ShellName = "script_runas";

    // Only a process that has escaped still holds the pipe after its group was killed.
    private static readonly TimeSpan PipeEnd = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan KillTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan GroupCheck = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(20);

    // The longest time a timer takes.
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly Guid _id = Guid.NewGuid();

    /// <summary>The runs that are not over, with their process groups; 0 before the start.</summary>
    private readonly ConcurrentDictionary<Guid, int> _active = new();

    private readonly CancellationTokenSource _disposed = new();
    private readonly Shell _shell;
    private readonly TimeSpan _killGrace;
    private readonly TimeProvider _time;
    private readonly ILogger<ScriptRunner> _logger;
    private readonly ScriptFolders _folders;
    private readonly OrphanSweep _sweep;
    private readonly Watchdog _watchdog;

    /// <param name="killGrace">How long a script that got SIGTERM may clean up before it gets SIGKILL.</param>
    /// <param name="time">The time.</param>
    /// <param name="logger">Its log.</param>
    public ScriptRunner(TimeSpan killGrace, TimeProvider time, ILogger<ScriptRunner> logger)
        : this(Shell.Find(Environment.GetEnvironmentVariable("PATH")), killGrace, time, logger)
    {
    }

    internal ScriptRunner(Shell shell, TimeSpan killGrace, TimeProvider time, ILogger<ScriptRunner> logger)
    {
        (_shell, _killGrace, _time, _logger) = (shell, killGrace, time, logger);
#pragma warning disable CA1416 // Made anywhere, they do nothing before the first run, and that is on Linux only.
        _folders = new ScriptFolders();
        _sweep = new OrphanSweep(_id, _active.ContainsKey, time);
        _watchdog = new Watchdog(_shell, _id, _folders, time, logger);
#pragma warning restore CA1416
    }

    /// <summary>The process that watches over this runner's scripts; for tests.</summary>
    internal Watchdog Watchdog => _watchdog;

    /// <summary>The folder that holds the runs' folders; for tests.</summary>
    internal ScriptFolders Folders => _folders;

    /// <summary>Runs a script to its end, its timeout, or until <paramref name="stop"/>; throws for nothing that a task can do.</summary>
    public async Task<ScriptRun> RunAsync(ScriptCommand command, CancellationToken stop)
    {
        if (_disposed.IsCancellationRequested)
        {
            return NotStarted("The server is being stopped and starts no more scripts. The script has not run.");
        }

        if (!OperatingSystem.IsLinux())
        {
            return NotStarted("This server cannot run scripts: the local executor needs Linux. Run the task on an agent.");
        }

        if (_shell.Missing is { } program)
        {
            return NotStarted($"This server cannot run scripts: it has no `{program}` in its PATH.");
        }

        if (LaunchFailure.Of(command) is { } fault)
        {
            return NotStarted(fault);
        }

        using var halt = CancellationTokenSource.CreateLinkedTokenSource(stop, _disposed.Token);
        return halt.IsCancellationRequested ? new ScriptRun { End = ScriptEnd.Stopped } : await RunInFolderAsync(command, halt.Token);
    }

    /// <summary>Kills all that runs.</summary>
    public void Dispose()
    {
        _disposed.Cancel();
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        foreach (var group in _active.Values.Where(group => group > 0))
        {
            SignalGroup(group, NativeMethods.Kill);
        }

        _sweep.Dispose();
        _watchdog.Dispose();
        try
        {
            _folders.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The watchdog, which is at it too, or the run that is just ending removes the rest.
            FolderStays(_logger, e);
        }
    }

    private static ScriptRun NotStarted(string fault) => new() { End = ScriptEnd.NotStarted, Fault = fault };

    [SupportedOSPlatform("linux")]
    private async Task<ScriptRun> RunInFolderAsync(ScriptCommand command, CancellationToken halt)
    {
        var marker = new RunMarker(_id, Guid.NewGuid());
        ScriptFolder folder;
        try
        {
            folder = _folders.Create(marker.Run, command);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NoFolder(_logger, e, command.JobId);
            return NotStarted("The server could not write the script to its temporary folder: it may be full or not writable.");
        }

        _active[marker.Run] = 0;
        try
        {
            return await RunWithRetriesAsync(command, folder, marker, halt);
        }
        finally
        {
            _active.TryRemove(marker.Run, out _);
            _sweep.Request();
            Delete(folder.Path);
        }
    }

    [SupportedOSPlatform("linux")]
    private async Task<ScriptRun> RunWithRetriesAsync(ScriptCommand command, ScriptFolder folder, RunMarker marker, CancellationToken halt)
    {
        var timeout = TimeSpan.FromTicks(Math.Clamp(command.Timeout.Ticks, 0, LongestTimeout.Ticks));
        using var limit = new CancellationTokenSource(timeout, _time);
        for (var attempt = 1; ; attempt++)
        {
            var run = await RunOnceAsync(command, folder, marker, limit.Token, halt);
            if (run.End != ScriptEnd.Exited || LaunchFailure.Of(command, folder.Path, run.Code, run.Log) is not { } fault)
            {
                return run;
            }

            if (attempt == Attempts || !LaunchFailure.IsPassing(command, run.Code, run.Log))
            {
                return NotStarted(fault);
            }

            await Task.Delay(attempt * RetryDelay, _time, halt).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (halt.IsCancellationRequested)
            {
                return new ScriptRun { End = ScriptEnd.Stopped };
            }
        }
    }

    [SupportedOSPlatform("linux")]
    private async Task<ScriptRun> RunOnceAsync(
        ScriptCommand command, ScriptFolder folder, RunMarker marker, CancellationToken limit, CancellationToken halt)
    {
        var log = new ScriptLog();
        var begun = _time.GetTimestamp();
        ScriptProcess process;
        try
        {
            NativeMethods.KeepExitCodes();
            _watchdog.Ensure();
            NativeMethods.RestoreBrokenPipeInChildren();
            process = Start(command, folder, marker, log);
        }
        catch (Win32Exception e)
        {
            StartFailed(_logger, e, command.JobId);
            return NotStarted(LaunchFailure.Of(e));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            StartFailed(_logger, e, command.JobId);
            return NotStarted("The server could not start a process.");
        }
        catch (UnwatchedScriptException e)
        {
            StartFailed(_logger, e, command.JobId);
            return NotStarted("The server has no descriptors or threads left to watch over a script, and has killed it at its start. It may have run in part. It was not run again.");
        }

        var group = process.Id;
        _active[marker.Run] = group;
        _watchdog.Add(group);
        try
        {
            command.Started(log);
            var (end, signal) = await EndAsync(process, limit, halt);
            if (process.HasExited)
            {
                // Its own number may be another process' by now; a group's stays taken as long as one is left in it.
                NativeMethods.Signal(-group, NativeMethods.Kill);
            }
            else
            {
                SignalGroup(group, NativeMethods.Kill);
            }

            var isOver = await HasEndedAsync(process);
            var elapsed = _time.GetElapsedTime(begun);
            if (!isOver)
            {
                CantBeKilled(_logger, group, command.JobId);
                return new ScriptRun { End = end, Log = $"{log.Text()}\n{StillRuns}", LastLine = log.LastLine, Elapsed = elapsed };
            }

            var code = await process.Exit;
            await process.FinishAsync(PipeEnd, _time);
            return new ScriptRun
            {
                End = end,
                Code = end == ScriptEnd.Exited ? code : null,
                Signal = signal,
                Log = log.Text(),
                LastLine = log.LastLine,
                Elapsed = elapsed,
            };
        }
        finally
        {
            _watchdog.Remove(group);
            _active[marker.Run] = 0;
            _ = DisposeAtItsEndAsync(process);
        }
    }

    /// <summary>Whether a process that was killed has ended: one of another user's can't be, and one whose disk does not answer takes its time.</summary>
    private async Task<bool> HasEndedAsync(ScriptProcess process)
    {
        await ((Task)process.Exit).WaitAsync(KillTime, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return process.Exit.IsCompleted;
    }

    private async Task DisposeAtItsEndAsync(ScriptProcess process)
    {
        await ((Task)process.Exit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await process.FinishAsync(PipeEnd, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        process.Dispose();
    }

    /// <summary>Waits until a script has ended, has been told to and has obeyed, or has to be killed.</summary>
    [SupportedOSPlatform("linux")]
    private async Task<(ScriptEnd End, string? Signal)> EndAsync(ScriptProcess process, CancellationToken limit, CancellationToken halt)
    {
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(limit, halt))
        {
            await ((Task)process.Exit).WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_disposed.IsCancellationRequested)
        {
            return (ScriptEnd.Stopped, "SIGKILL");
        }

        if (process.HasExited)
        {
            return (ScriptEnd.Exited, null);
        }

        var end = halt.IsCancellationRequested ? ScriptEnd.Stopped : ScriptEnd.TimedOut;
        SignalGroup(process.Id, NativeMethods.Terminate);
        return (end, await GoneAsync(process.Id, process.Exit) ? "SIGTERM" : "SIGKILL");
    }

    /// <summary>
    /// Whether a group is gone within its grace: all of it, since the shell that leads it dies of SIGTERM while its script may still clean up.
    /// </summary>
    [SupportedOSPlatform("linux")]
    private async Task<bool> GoneAsync(int group, Task exit)
    {
        using var grace = new CancellationTokenSource(_killGrace, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(grace.Token, _disposed.Token);
        await exit.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!either.IsCancellationRequested)
        {
            if (!NativeMethods.Exists(-group))
            {
                return true;
            }

            await Task.Delay(GroupCheck, _time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return false;
    }

    /// <summary>In the moment before <c>setsid</c> has run there is no group yet, only the process.</summary>
    [SupportedOSPlatform("linux")]
    private static void SignalGroup(int group, int signal)
    {
        if (!NativeMethods.Signal(-group, signal))
        {
            NativeMethods.Signal(group, signal);
        }
    }

    [SupportedOSPlatform("linux")]
    private ScriptProcess Start(ScriptCommand command, ScriptFolder folder, RunMarker marker, ScriptLog log)
    {
        var environment = ScriptEnvironment.Compose(Environment.GetEnvironmentVariable, command.Environment, marker);
        string[] script = [folder.Script, .. folder.Words];

        // Quotes around the placeholder would end those around the arguments.
        var runas = command.Runas
            .Replace("\"%script%\"", "%script%", StringComparison.Ordinal)
            .Replace("'%script%'", "%script%", StringComparison.Ordinal)
            .Replace("%script%", "\"$@\"", StringComparison.Ordinal);
        if (!_shell.Spawns)
        {
            var start = _shell.Command("exec 2>&1 </dev/null\n" + runas, ShellName, script);
            start.WorkingDirectory = folder.Path;
            start.RedirectStandardOutput = true;
            foreach (var (name, value) in environment)
            {
                start.Environment[name] = value;
            }

            return new ManagedProcess(start, log);
        }

        if (PlainCommand.Words(command.Runas, script) is { } words
            && PlainCommand.Find(words[0], environment.GetValueOrDefault("PATH"), NativeMethods.MayRun) is { } program)
        {
            try
            {
                return new SpawnedProcess(program, words, new Dictionary<string, string>(environment) { ["PWD"] = folder.Path }, folder.Path, log);
            }
            catch (Win32Exception)
            {
                // A shell may know better, or says why not.
            }
        }

        return new SpawnedProcess(_shell.Sh!, [_shell.Sh!, "-c", runas, ShellName, .. script], environment, folder.Path, log);
    }

    [SupportedOSPlatform("linux")]
    private void Delete(string folder)
    {
        try
        {
            ScriptFolder.Delete(folder);
        }
        catch (DirectoryNotFoundException)
        {
            // The script removed its own folder.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            FolderStays(_logger, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The script of job {JobId} could not be written to the temporary folder.")]
    private static partial void NoFolder(ILogger logger, Exception exception, string jobId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The script of job {JobId} could not be started.")]
    private static partial void StartFailed(ILogger logger, Exception exception, string jobId);

    [LoggerMessage(Level = LogLevel.Error, Message = "The process {Process} of job {JobId} could not be killed: it is not waited for any more, and may go on.")]
    private static partial void CantBeKilled(ILogger logger, int process, string jobId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A script's temporary folder could not be removed now; the server's end removes it.")]
    private static partial void FolderStays(ILogger logger, Exception exception);
}
