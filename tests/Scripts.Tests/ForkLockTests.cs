using System.Runtime.Versioning;
using Microsoft.Extensions.Logging.Abstractions;

namespace SyncCluster.Scripts.Tests;

/// <summary>No process is started while a script is open for writing: it would keep the script open, and the script could not be run.</summary>
[SupportedOSPlatform("linux")]
public sealed class ForkLockTests : IDisposable
{
    private readonly TestRunner _scripts = new();
    private readonly ManualResetEventSlim _release = new();

    public void Dispose()
    {
        _release.Set();
        _scripts.Dispose();
        _release.Dispose();
    }

    [Fact]
    public async Task A_script_is_written_when_no_process_is_being_started()
    {
        var holder = Hold(writes: false);
        var running = Task.Run(() => _scripts.RunAsync("echo ran"));

        await Eventually.Async(() => ForkLock.IsAwaited);
        Assert.False(running.IsCompleted);
        _release.Set();

        Assert.Equal("ran\n", (await running).Log);
        await holder;
    }

    [Theory]
    [InlineData("spawned")]
    [InlineData("managed")]
    [InlineData("watchdog")]
    public async Task A_process_is_started_when_no_script_is_being_written(string kind)
    {
        var shell = Shell.Find(Environment.GetEnvironmentVariable("PATH"));
        using var folders = new ScriptFolders();
        using var watchdog = new Watchdog(shell, Guid.NewGuid(), folders, null, TimeProvider.System, NullLogger<Watchdog>.Instance);
        var holder = Hold(writes: true);
        var starting = Task.Run(async () =>
        {
            if (kind == "watchdog")
            {
                watchdog.Ensure();
                return;
            }

            var start = shell.Command("exit", "sh");
            start.RedirectStandardOutput = true;
            using ScriptProcess process = kind == "managed"
                ? new ManagedProcess(start, new ScriptLog())
                : new SpawnedProcess(shell.Sh!, [shell.Sh!, "-c", "exit"], new Dictionary<string, string>(), "/", new ScriptLog());
            await process.Exit;
            await process.FinishAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
        });

        await Eventually.Async(() => ForkLock.IsAwaited);
        Assert.False(starting.IsCompleted);
        _release.Set();

        await starting;
        await holder;
    }

    /// <summary>Holds the lock on a thread of its own until it is released.</summary>
    private Task Hold(bool writes)
    {
        var isHeld = new TaskCompletionSource();
        var holder = Task.Factory.StartNew(
            () =>
            {
                using var held = writes ? ForkLock.Write() : ForkLock.Start();
                isHeld.SetResult();
                _release.Wait();
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        isHeld.Task.Wait();
        return holder;
    }
}
