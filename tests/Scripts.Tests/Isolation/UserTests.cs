using System.Globalization;
using System.Runtime.Versioning;
using SyncCluster.Scripts.Isolation;

namespace SyncCluster.Scripts.Tests.Isolation;

/// <summary>Scripts that run as a user of their customer.</summary>
[SupportedOSPlatform("linux")]
public sealed class UserTests : IDisposable
{
    private const int Ann = 20001;
    private const int Bob = 20002;

    private readonly TestRunner _scripts = Runner(spawns: true);

    public void Dispose() => _scripts.Dispose();

    [UsersTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_script_has_the_rights_of_its_user_and_no_others(bool spawns)
    {
        using var scripts = Runner(spawns);
        var run = await scripts.RunAsync(Of(
            Ann,
            "id -u; id -g; id -G; stat -c %u . $0 $1; ls $HOME; pwd -P | grep -cxF $HOME; "
            + "grep -E 'Cap(Inh|Prm|Eff|Amb)|NoNewPrivs' /proc/self/status",
            "data:;base64,eA=="));

        Assert.Equal(
            "20001\n20001\n20001\n20001\n20001\n20001\nargument-1\nscript.sh\n1\n"
            + "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n",
            run.Log);
    }

    [UsersFact]
    public async Task A_script_can_neither_read_nor_end_that_of_another_customer_nor_the_server()
    {
        using var stop = new CancellationTokenSource();
        var other = _scripts.Runner.RunAsync(
            Of(Bob, "echo secret >file; echo $$ >$1; exec sleep 1000", _scripts.Note("other")) with { Environment = Secret }, stop.Token);
        var process = await _scripts.ProcessAsync("other");

        var run = await _scripts.RunAsync(Of(
            Ann,
            "for id in $1 $2; do cat /proc/$id/environ; cat /proc/$id/cwd/*; ls /proc/$id/fd /proc/$id/root/; kill -0 $id; done; ls $3",
            $"{process}", Environment.ProcessId.ToString(CultureInfo.InvariantCulture), _scripts.Runner.Folders.Root));

        Assert.Equal(11, run.Log.Split("enied").Length - 1 + run.Log.Split("not permitted").Length - 1);
        Assert.DoesNotContain("secret", run.Log, StringComparison.Ordinal);
        Assert.True(TestRunner.Runs(process));
        await stop.CancelAsync();
        Assert.Equal((ScriptEnd.Stopped, "SIGTERM"), ((await other).End, (await other).Signal));
    }

    [UsersTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_script_may_clean_up_at_its_timeout(bool spawns)
    {
        using var scripts = Runner(spawns);
        var run = await scripts.RunToTimeoutAsync(
            Of(Ann, "trap 'sleep 0.3; echo cleaned; exit' TERM; sh -c 'echo begun; exec sleep 1000'"));

        Assert.Equal((ScriptEnd.TimedOut, "SIGTERM"), (run.End, run.Signal));
        Assert.Contains("cleaned\n", run.Log, StringComparison.Ordinal);
    }

    [UsersTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_script_that_ignores_SIGTERM_is_killed(bool spawns)
    {
        using var scripts = Runner(spawns, killGrace: TimeSpan.FromMilliseconds(200));
        var run = await scripts.RunToTimeoutAsync(Of(Ann, "trap '' TERM; echo begun; while :; do sleep 1000; done"));

        Assert.Equal((ScriptEnd.TimedOut, "SIGKILL"), (run.End, run.Signal));
    }

    [UsersFact]
    public async Task A_daemon_that_left_the_group_is_killed()
    {
        await _scripts.RunAsync(Of(
            Ann, "setsid sh -c 'echo $$ >\"$1\"; exec sleep 1000' sh $1 & while [ ! -s $1 ]; do sleep 0.01; done", _scripts.Note("daemon")));
        var daemon = await _scripts.ProcessAsync("daemon");

        await Eventually.Async(() => !TestRunner.Runs(daemon));
    }

    [UsersFact]
    public async Task When_the_server_dies_its_scripts_and_their_folders_are_removed()
    {
        var running = _scripts.RunAsync(Of(
            Ann,
            "trap '' TERM; mkdir locked; touch locked/in; chmod 0 locked; setsid sh -c 'echo $$ >\"$1\"; exec sleep 1000' sh $1 & "
            + "echo $$ >$2; sleep 1000; sleep 1000",
            _scripts.Note("daemon"), _scripts.Note("script")));
        var daemon = await _scripts.ProcessAsync("daemon");
        var script = await _scripts.ProcessAsync("script");

        _scripts.Runner.Watchdog.Dispose();

        await Eventually.Async(() => !TestRunner.Runs(script) && !TestRunner.Runs(daemon) && !Directory.Exists(_scripts.Runner.Folders.Root));
        await running;
    }

    [UsersFact]
    public async Task The_folder_of_a_script_is_deleted_after_the_run()
    {
        var run = await _scripts.RunAsync(Of(Ann, "mkdir -p a/b .c; touch a/b/c .c/d; ln -s / root; chmod 500 a/b; chmod 0 a; echo done"));

        Assert.Equal("done\n", run.Log);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scripts.Runner.Folders.Root));
    }

    [UsersFact]
    public async Task Files_are_deleted_with_the_rights_of_the_scripts_user()
    {
        // What the user may not delete remains, as a folder would that a link in the script's folder leads to.
        using var stop = new CancellationTokenSource();
        var running = _scripts.Runner.RunAsync(Of(Ann, "echo $$ >$1; exec sleep 1000", _scripts.Note("script")), stop.Token);
        await _scripts.ProcessAsync("script");
        var foreign = Directory.CreateDirectory(Path.Combine(Directory.EnumerateDirectories(_scripts.Runner.Folders.Root).Single(), "foreign"));
        await File.WriteAllTextAsync(Path.Combine(foreign.FullName, "file"), "");

        await stop.CancelAsync();
        await running;

        Assert.True(File.Exists(Path.Combine(foreign.FullName, "file")));
    }

    [UsersFact]
    public async Task The_number_of_processes_of_a_user_is_limited()
    {
        using var scripts = Runner(spawns: true, limits: new() { Processes = 20 });

        var run = await scripts.RunAsync(Of(Ann, "for i in $(seq 40); do sleep 1000 & done; echo all"));

        Assert.DoesNotContain("all", run.Log, StringComparison.Ordinal);
    }

    [UsersFact]
    public async Task A_library_that_a_task_has_preloaded_is_not_loaded_with_the_servers_rights()
    {
        var run = await _scripts.RunAsync(Of(Ann, "true") with
        {
            Environment = new Dictionary<string, string> { ["LD_PRELOAD"] = "/no/such/library.so" },
        });

        // By the interpreter and by nothing before it.
        Assert.Equal(1, run.Log.Split("library.so").Length - 1);
    }

    private static Dictionary<string, string> Secret => new() { ["TOKEN"] = "secret" };

    private static ScriptCommand Of(int user, string script, params string[] words) => TestRunner.Command(script, words) with { User = user };

    private static TestRunner Runner(bool spawns, TimeSpan? killGrace = null, ScriptLimits? limits = null)
    {
        var runner = new TestRunner(
            killGrace, Shell.Find(Environment.GetEnvironmentVariable("PATH")) with { Spawns = spawns }, new() { Limits = limits ?? new() });
        File.SetUnixFileMode(runner.Notes, (UnixFileMode)0x1FF);
        return runner;
    }
}
