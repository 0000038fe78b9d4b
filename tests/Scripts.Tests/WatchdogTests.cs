using System.Runtime.Versioning;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace SyncCluster.Scripts.Tests;

/// <summary>What happens to scripts when their server dies, and to the watchdog when it dies itself.</summary>
[SupportedOSPlatform("linux")]
public sealed class WatchdogTests : IDisposable
{
    private readonly TestRunner _scripts = new();

    public void Dispose() => _scripts.Dispose();

    [Fact]
    public async Task When_the_server_dies_its_scripts_and_their_folders_are_removed()
    {
        // The pipe is closed, as when the server dies.
        var running = _scripts.RunAsync(
            "trap '' TERM; mkdir locked; chmod 0 locked; setsid sh -c 'echo $$ >\"$1\"; exec sleep 1000' sh \"$1\" & echo $$ >$2; sleep 1000; sleep 1000",
            _scripts.Note("daemon"), _scripts.Note("script"));
        var daemon = await _scripts.ProcessAsync("daemon");
        var script = await _scripts.ProcessAsync("script");
        var watchdog = _scripts.Runner.Watchdog.ProcessId!.Value;

        _scripts.Runner.Watchdog.Dispose();

        await Eventually.Async(() => !TestRunner.Runs(script) && !TestRunner.Runs(daemon));
        await Eventually.Async(() => !Directory.Exists(_scripts.Runner.Folders.Root) && !TestRunner.Runs(watchdog));
        Assert.Equal("SIGKILL", (await running).Signal);
    }

    [Fact]
    public async Task When_the_server_dies_a_group_without_a_marker_is_killed()
    {
        var running = _scripts.RunAsync(_scripts.UnmarkedLeader("leader"));
        var leader = await _scripts.ProcessAsync("leader");

        _scripts.Runner.Watchdog.Dispose();

        await Eventually.Async(() => !TestRunner.Runs(leader));
        await running;
    }

    [Fact]
    public async Task When_the_server_dies_the_group_of_a_daemon_is_killed()
    {
        var running = _scripts.RunAsync($"setsid sh -c '{TestRunner.Unmarked} & wait' sh \"$1\" & exec sleep 1000", _scripts.Note("child"));
        var child = await _scripts.ProcessAsync("child");

        _scripts.Runner.Watchdog.Dispose();

        await Eventually.Async(() => !TestRunner.Runs(child));
        await running;
    }

    [Fact]
    public async Task A_group_that_has_ended_is_not_killed()
    {
        using var folders = new ScriptFolders();
        using var ended = System.Diagnostics.Process.Start("setsid", ["sleep", "1000"]);
        using var watched = System.Diagnostics.Process.Start("setsid", ["sleep", "1000"]);
        await LeadsAsync(watched.Id);
        using (var watchdog = new Watchdog(Shell.Find(null), Guid.NewGuid(), folders, null, TimeProvider.System, NullLogger<Watchdog>.Instance))
        {
            watchdog.Ensure();
            watchdog.Add(ended.Id);
            watchdog.Add(watched.Id);
            watchdog.Remove(ended.Id);
        }

        await Eventually.Async(() => !TestRunner.Runs(watched.Id) && !Directory.Exists(folders.Root));
        Assert.True(TestRunner.Runs(ended.Id));
        ended.Kill();
    }

    [Fact]
    public async Task A_watchdog_that_dies_after_a_while_is_replaced_at_once_and_nothing_is_killed()
    {
        var time = new FakeTimeProvider();
        using var folders = new ScriptFolders();
        using var watched = System.Diagnostics.Process.Start("setsid", ["sleep", "1000"]);
        await LeadsAsync(watched.Id);
        using (var watchdog = new Watchdog(Shell.Find(null), Guid.NewGuid(), folders, null, time, NullLogger<Watchdog>.Instance))
        {
            watchdog.Ensure();
            watchdog.Add(watched.Id);
            for (var round = 0; round < 30; round++)
            {
                var dead = watchdog.ProcessId!.Value;
                time.Advance(TimeSpan.FromMinutes(1));
                NativeMethods.Signal(dead, NativeMethods.Kill);
                await Eventually.Async(() => !TestRunner.Runs(dead));
                watchdog.Ensure();
                await Eventually.Async(() => watchdog.ProcessId is { } process && process != dead);
            }

            Assert.True(TestRunner.Runs(watched.Id));
        }

        await Eventually.Async(() => !TestRunner.Runs(watched.Id));
    }

    [Fact]
    public async Task A_watchdog_that_dies_is_replaced_at_the_next_run()
    {
        var running = _scripts.RunAsync(_scripts.UnmarkedLeader("script"));
        var script = await _scripts.ProcessAsync("script");
        for (var round = 0; round < 30; round++)
        {
            var dead = _scripts.Runner.Watchdog.ProcessId!.Value;
            NativeMethods.Signal(dead, NativeMethods.Kill);
            await Eventually.Async(() => !TestRunner.Runs(dead));
            Assert.Equal(0, (await _scripts.RunAsync("echo")).Code);
            Assert.NotEqual(dead, _scripts.Runner.Watchdog.ProcessId);
        }

        Assert.True(TestRunner.Runs(script));
        _scripts.Runner.Watchdog.Dispose();
        await Eventually.Async(() => !TestRunner.Runs(script));
        await running;
    }

    /// <summary>Waits until a process leads its group: it carries no marker, so the watchdog could not find it before.</summary>
    private static Task LeadsAsync(int process) => Eventually.Async(() => NativeMethods.Signal(-process, 0));
}
