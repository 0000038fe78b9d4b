using System.Collections.Concurrent;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using SyncCluster.Scripts.Isolation;

namespace SyncCluster.Scripts;

/// <summary>
/// Runs scripts as processes of this machine, many at once. Each leads a session and a process group of its own, so that everything that it started
/// can be killed with it. Processes that have left the group are found by their marker (<see cref="OrphanSweep"/>). Processes that outlive this
/// server are killed by its <see cref="Scripts.Watchdog"/>.
/// </summary>
internal sealed partial class ScriptRunner : IDisposable
{
    private const string StillRuns =
        "The server could not end the script, and does not wait for it any more: it may go on. "
        + "Have script_runas start it as a user whose processes the server may end.";

    /// <summary>How long the output is read after the group was killed: only a process that has left the group still holds the pipe.</summary>
    private static readonly TimeSpan OutputTime = TimeSpan.FromSeconds(1);

    /// <summary>The longest time that a timer accepts.</summary>
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly Guid _id = Guid.NewGuid();

    /// <summary>The runs that are not over, with their process groups; 0 while no process runs.</summary>
    private readonly ConcurrentDictionary<Guid, int> _active = new();

    private readonly CancellationTokenSource _disposed = new();
    private readonly Shell _shell;
    private readonly ScriptIsolation _isolation;
    private readonly TimeProvider _time;
    private readonly ILogger<ScriptRunner> _logger;
    private readonly ScriptFolders _folders;
    private readonly JobCgroups? _cgroups;
    private readonly OrphanSweep _sweep;
    private readonly Watchdog _watchdog;
    private readonly ScriptLauncher _launcher;
    private readonly ScriptSupervisor _supervisor;

    /// <param name="isolation">What keeps scripts from the server, from each other, and from the machine's resources.</param>
    /// <param name="killGrace">How long a script that got SIGTERM may clean up before it gets SIGKILL.</param>
    /// <param name="time">The clock of timeouts and pauses.</param>
    /// <param name="loggers">The logs of this and of the watchdog.</param>
    public ScriptRunner(ScriptIsolation isolation, TimeSpan killGrace, TimeProvider time, ILoggerFactory loggers)
        : this(Shell.Find(Environment.GetEnvironmentVariable("PATH")), isolation, killGrace, time, loggers)
    {
    }

    internal ScriptRunner(Shell shell, ScriptIsolation isolation, TimeSpan killGrace, TimeProvider time, ILoggerFactory loggers)
    {
        (_shell, _isolation, _time, _logger) = (shell, isolation, time, loggers.CreateLogger<ScriptRunner>());
#pragma warning disable CA1416 // Created on any platform, they do nothing before the first run, which needs Linux.
        _folders = new ScriptFolders();
        _sweep = new OrphanSweep(_id, _active.ContainsKey, time);
        _cgroups = isolation.Cgroup is { } cgroup ? new JobCgroups(cgroup, _id, time) : null;
        _watchdog = new Watchdog(_shell, _id, _folders, _cgroups, time, loggers.CreateLogger<Watchdog>());
        _launcher = new ScriptLauncher(_shell, isolation, killGrace, _watchdog);
        _supervisor = new ScriptSupervisor(killGrace, time, _disposed.Token);
#pragma warning restore CA1416
    }

    /// <summary>The process that kills this runner's scripts if the server dies; for tests.</summary>
    internal Watchdog Watchdog => _watchdog;

    /// <summary>The control groups of the runs; for tests.</summary>
    internal JobCgroups? Cgroups => _cgroups;

    /// <summary>The folder that holds the runs' folders; for tests.</summary>
    internal ScriptFolders Folders => _folders;

    /// <summary>Runs a script until it ends, until its timeout, or until <paramref name="stop"/> is canceled. No task can have it throw.</summary>
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

        if ((_shell.Missing ?? _isolation.Missing(_shell, command.User is not null)) is { } program)
        {
            return NotStarted($"This server cannot run scripts: it has no `{program}` in its PATH.");
        }

        if (LaunchFailure.Of(command) is { } fault)
        {
            return NotStarted(fault);
        }

        if (_cgroups is null && command.JobLimits is not null)
        {
            return NotStarted(
                "The task has limits for its jobs as a whole (memory, processes), and this server can't keep them: it has no "
                + "LocalExecutor:Cgroup:Folder.");
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, _disposed.Token);
        return either.IsCancellationRequested ? new ScriptRun { End = ScriptEnd.Stopped } : await RunInFolderAsync(command, either.Token);
    }

    /// <summary>Makes sure that jobs can have control groups, if they are to.</summary>
    /// <exception cref="IOException">They can't. The message says why.</exception>
    [SupportedOSPlatform("linux")]
    public void RequireCgroups() => _cgroups?.Prepare();

    /// <summary>Kills every script that runs.</summary>
    public void Dispose()
    {
        _disposed.Cancel();
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        foreach (var group in _active.Values.Where(group => group > 0))
        {
            NativeMethods.SignalGroup(group, NativeMethods.Kill);
        }

        _sweep.Dispose();
        _watchdog.Dispose();
        try
        {
            _folders.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The rest is deleted by the watchdog, or by the run that is just ending.
            LogFolderNotDeleted(e);
        }
    }

    private static ScriptRun NotStarted(string fault) => new() { End = ScriptEnd.NotStarted, Fault = fault };

    [SupportedOSPlatform("linux")]
    private async Task<ScriptRun> RunInFolderAsync(ScriptCommand command, CancellationToken stop)
    {
        var marker = new RunMarker(_id, Guid.NewGuid());
        ScriptFolder folder;
        try
        {
            folder = _folders.Create(marker.Run, command, _isolation.Sandbox);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogFolderNotWritten(e, command.JobId);
            return NotStarted(
                "The server could not write the script to its temporary folder: it may be full, not writable, or replaced by another user's.");
        }

        _active[marker.Run] = 0;
        string? cgroup = null;
        try
        {
            cgroup = _cgroups?.Create(marker.Run, command.JobLimits);
            return await RunProcessAsync(command, folder, cgroup, marker, stop);
        }
        catch (IOException e) when (cgroup is null && _cgroups is not null)
        {
            LogNoCgroup(e, command.JobId);
            return NotStarted("The server could not make the control group that limits the job, and has not run it. Its log says why.");
        }
        finally
        {
            _active.TryRemove(marker.Run, out _);
            _sweep.Request();
            if (cgroup is not null && !await _cgroups!.RemoveAsync(cgroup))
            {
                LogCgroupNotRemoved(cgroup);
            }

            await DeleteAsync(folder, command.User);
        }
    }

    [SupportedOSPlatform("linux")]
    private async Task<ScriptRun> RunProcessAsync(
        ScriptCommand command, ScriptFolder folder, string? cgroup, RunMarker marker, CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromTicks(Math.Clamp(command.Timeout.Ticks, 0, LongestTimeout.Ticks)), _time);
        var log = ScriptLog.BeforeScript();
        var begun = _time.GetTimestamp();
        ScriptProcess process;
        try
        {
            process = _launcher.Start(command, folder, cgroup, marker, log);
        }
        catch (Exception e) when (LaunchFailure.Of(e) is { } fault)
        {
            LogStartFailed(e, command.JobId);
            return NotStarted(fault);
        }

        try
        {
            _active[marker.Run] = process.Id;
            _watchdog.Add(process.Id);
            LogStarted(command.JobId, process.Id);
            command.Started(log);
            var (end, signal) = await _supervisor.WaitForEndAsync(process, timeout.Token, stop);
            KillAll(cgroup);
            var hasEnded = await _supervisor.KillGroupAsync(process);
            var elapsed = _time.GetElapsedTime(begun);
            if (!hasEnded)
            {
                LogNotKilled(command.JobId, process.Id);
                return new ScriptRun { End = end, Log = $"{log.Text()}\n{StillRuns}", LastLine = log.LastLine, Elapsed = elapsed };
            }

            var status = await process.Exit;
            status = process.IsWrapped ? status.ThroughWrapper() : status;
            signal = end == ScriptEnd.Exited ? status.SignalName : signal;
            await process.FinishAsync(OutputTime, _time);
            LogEnded(command.JobId, end, status.Code, signal, elapsed);
            var run = new ScriptRun
            {
                End = end,
                Code = end == ScriptEnd.Exited ? status.Code : null,
                HasBegun = log.HasBegun,
                Signal = signal,
                Log = log.Text(),
                LastLine = log.LastLine,
                Elapsed = elapsed,
            };
            return end == ScriptEnd.Exited && LaunchFailure.Of(command, folder, run) is { } reason
                ? run with { End = ScriptEnd.NotStarted, Fault = reason }
                : run;
        }
        finally
        {
            if (!process.HasExited)
            {
                // Something has failed above. A script that nobody waits for must not go on.
                NativeMethods.SignalGroup(process.Id, NativeMethods.Kill);
                KillAll(cgroup);
            }

            _watchdog.Remove(process.Id);
            _active[marker.Run] = 0;
            _ = process.DisposeAfterExitAsync(OutputTime, _time);
        }
    }

    /// <summary>Kills what has left the script's process group as well.</summary>
    [SupportedOSPlatform("linux")]
    private void KillAll(string? cgroup)
    {
        try
        {
            if (cgroup is not null)
            {
                JobCgroups.Kill(cgroup);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogCgroupNotKilled(e, cgroup!);
        }
    }

    [SupportedOSPlatform("linux")]
    private async Task DeleteAsync(ScriptFolder folder, int? user)
    {
        try
        {
            if (user is { } id)
            {
                await UserFiles.DeleteAsync(folder.Path, id, _shell, _time);
            }
            else
            {
                _folders.Delete(folder);
            }
        }
        catch (DirectoryNotFoundException)
        {
            // The script has deleted its own folder.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogFolderNotDeleted(e);
        }
    }
}
