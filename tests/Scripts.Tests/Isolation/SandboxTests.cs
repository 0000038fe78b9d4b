using System.Globalization;
using System.Runtime.Versioning;
using SyncCluster.Scripts.Isolation;

namespace SyncCluster.Scripts.Tests.Isolation;

/// <summary>Scripts in a sandbox that posix_spawn starts.</summary>
[SupportedOSPlatform("linux")]
public sealed class SpawnedSandboxTests() : SandboxTests(spawns: true);

/// <summary>Scripts in a sandbox that .NET starts.</summary>
[SupportedOSPlatform("linux")]
public sealed class ManagedSandboxTests() : SandboxTests(spawns: false);

/// <summary>What a script in a sandbox can't reach, and that it is run, ended and cleaned up like any other.</summary>
[SupportedOSPlatform("linux")]
public abstract class SandboxTests(bool spawns) : IDisposable
{
    /// <summary>Root has rights in a sandbox that no other user has. So a server that is root gives scripts a user of their own.</summary>
    private static readonly int? User = UsersFactAttribute.SkipReason is null ? 20001 : null;

    private readonly TestRunner _scripts = Runner(spawns);

    public void Dispose()
    {
        _scripts.Dispose();
        GC.SuppressFinalize(this);
    }

    [SandboxFact]
    public async Task A_run_has_the_exit_code_the_log_and_the_arguments()
    {
        var run = await RunAsync("echo \"$1\" >&2; cat \"$2\"; pwd; ls; echo $HOME $TMPDIR $TOKEN; exit 3", "a b", "data:;base64,aGVsbG8K");

        Assert.Equal(
            (ScriptEnd.Exited, 3, "a b\nhello\n/tmp\nargument-2\nscript.sh\n/tmp /tmp secret\n"), (run.End, run.Code, run.Log));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scripts.Runner.Folders.Root));
    }

    [SandboxFact]
    public async Task A_script_has_the_rights_of_its_user_and_no_others()
    {
        var run = await RunAsync("id -u; grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs' /proc/self/status");

        Assert.Equal($"{User ?? NativeMethods.UserId}\n", run.Log[..(run.Log.IndexOf('\n', StringComparison.Ordinal) + 1)]);
        Assert.Equal(5, run.Log.Split(":\t0000000000000000\n").Length - 1);
        Assert.EndsWith("NoNewPrivs:\t1\n", run.Log, StringComparison.Ordinal);
    }

    [SandboxFact]
    public async Task A_script_sees_no_process_but_its_own()
    {
        using var stop = new CancellationTokenSource();
        var other = _scripts.Runner.RunAsync(Command("touch begun; exec sleep 1000"), stop.Token);
        await BegunAsync();

        var run = await RunAsync("ls -d /proc/[0-9]*; kill -0 $1", $"{Environment.ProcessId}");

        Assert.DoesNotContain($"/proc/{Environment.ProcessId}\n", run.Log, StringComparison.Ordinal);
        Assert.InRange(run.Log.Split("/proc/").Length - 1, 2, 6);
        Assert.False(other.IsCompleted);
        await stop.CancelAsync();
        Assert.Equal(ScriptEnd.Stopped, (await other).End);
    }

    [SandboxFact]
    public async Task A_script_sees_the_systems_programs_and_no_other_files()
    {
        await File.WriteAllTextAsync(_scripts.Note("note"), "secret");
        var run = await RunAsync(
            """
            cat $1 && echo read
            for folder in /root /home /var /run /mnt /srv $2; do ls $folder && echo listed; done
            for file in /x /usr/x /etc/x /proc/sys/kernel/core_pattern; do (echo y >$file) && echo written; done
            ls /usr/bin/env
            """,
            _scripts.Note("note"), AppContext.BaseDirectory);

        Assert.DoesNotContain("read\n", run.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("listed\n", run.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("written\n", run.Log, StringComparison.Ordinal);
        Assert.Equal("/usr/bin/env", run.LastLine);
    }

    [SandboxFact]
    public async Task A_script_reads_the_paths_that_are_configured_but_not_the_servers_configuration()
    {
        await File.WriteAllTextAsync(_scripts.Note("model"), "a model\n");
        await File.WriteAllTextAsync(_scripts.Note("appsettings.json"), "confidential");
        Directory.CreateDirectory(_scripts.Note("secrets"));
        await File.WriteAllTextAsync(_scripts.Note("secrets/token"), "confidential");
        using var scripts = Runner(spawns, new()
        {
            Paths = [_scripts.Notes],
            Hidden = [_scripts.Note("appsettings.json"), _scripts.Note("none.json"), _scripts.Note("secrets"), "/no/such/folder"],
        });

        var run = await scripts.RunAsync(Command(
            """
            cat $1/model $1/appsettings.json $1/secrets/*
            for file in $1/model $1/secrets/new; do (echo y >$file) && echo written; done
            """,
            _scripts.Notes));

        Assert.StartsWith("a model\n", run.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("confidential", run.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("written", run.Log, StringComparison.Ordinal);
    }

    [SandboxTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_script_reaches_the_network_if_it_may(bool network)
    {
        using var scripts = Runner(spawns, new() { Network = network });

        var run = await scripts.RunAsync(Command("readlink /proc/self/ns/net"));

        Assert.Equal(network, run.Log.Trim() == File.ResolveLinkTarget("/proc/self/ns/net", returnFinalTarget: false)!.Name);
    }

    [SandboxFact]
    public async Task A_script_may_clean_up_at_its_timeout()
    {
        var run = await _scripts.RunToTimeoutAsync(
            Command("trap 'sleep 0.3; echo cleaned; exit' TERM; sh -c 'echo begun; exec sleep 1000'"));

        Assert.Equal((ScriptEnd.TimedOut, "SIGTERM"), (run.End, run.Signal));
        Assert.Contains("cleaned\n", run.Log, StringComparison.Ordinal);
    }

    [SandboxFact]
    public async Task A_script_that_ignores_SIGTERM_is_killed()
    {
        using var scripts = Runner(spawns, killGrace: TimeSpan.FromMilliseconds(200));

        var run = await scripts.RunToTimeoutAsync(Command("trap '' TERM; echo begun; while :; do sleep 1000; done"));

        Assert.Equal((ScriptEnd.TimedOut, "SIGKILL", "begun\n"), (run.End, run.Signal, run.Log));
    }

    [SandboxFact]
    public async Task No_process_outlives_its_script_even_without_a_marker()
    {
        var name = Unique();
        var run = await RunAsync($"""
            env -i setsid sleep {name} &
            (env -i sleep {name} &)
            until [ $(grep -cF {name} /proc/[0-9]*/cmdline | grep -c :1) -gt 1 ]; do sleep 0.05; done
            echo done
            """);

        Assert.Equal((ScriptEnd.Exited, "done\n"), (run.End, run.Log));
        await Eventually.Async(() => !RunsWith(name));
    }

    [SandboxFact]
    public async Task When_the_server_dies_nothing_of_its_scripts_remains()
    {
        var name = Unique();
        var running = _scripts.RunAsync(Command($"env -i setsid sleep {name} & touch begun; sleep 1000"));
        await BegunAsync();
        await Eventually.Async(() => RunsWith(name));

        _scripts.Runner.Watchdog.Dispose();

        await Eventually.Async(() => !RunsWith(name) && !Directory.Exists(_scripts.Runner.Folders.Root));
        await running;
    }

    [SandboxTheory]
    [InlineData("no-such-interpreter %script%")]
    [InlineData("no-such-interpreter %script% 2>&1")]
    public async Task The_message_about_a_missing_interpreter_names_it(string runas)
    {
        var run = await _scripts.RunAsync(Command("echo") with { Runas = runas });

        Assert.Equal(ScriptEnd.NotStarted, run.End);
        Assert.Contains("`" + runas + "`: no-such-interpreter: not found", run.Fault, StringComparison.Ordinal);
    }

    protected private Task<ScriptRun> RunAsync(string script, params string[] words) => _scripts.RunAsync(Command(script, words));

    private ScriptCommand Command(string script, params string[] words) => TestRunner.Command(script, words) with
    {
        User = User,
        Environment = new Dictionary<string, string> { ["TOKEN"] = "secret" },
    };

    private Task BegunAsync() =>
        Eventually.Async(() => Directory.EnumerateFiles(_scripts.Runner.Folders.Root, "begun", SearchOption.AllDirectories).Any());

    /// <summary>A number that is on the command line of no other process.</summary>
    private static string Unique() => string.Create(CultureInfo.InvariantCulture, $"1000.{Random.Shared.NextInt64(1_000_000_000_000)}");

    private static bool RunsWith(string word) => Directory.EnumerateDirectories("/proc")
        .Any(process =>
        {
            try
            {
                return Path.GetFileName(process).All(char.IsAsciiDigit)
                    && File.ReadAllText(process + "/cmdline").Split('\0') is ["sleep", var number, ..] && number == word;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        });

    private static TestRunner Runner(bool spawns, Sandbox? sandbox = null, TimeSpan? killGrace = null)
    {
        var runner = new TestRunner(
            killGrace, Shell.Find(Environment.GetEnvironmentVariable("PATH")) with { Spawns = spawns }, new() { Sandbox = sandbox ?? new() });
        File.SetUnixFileMode(runner.Notes, (UnixFileMode)0x1FF);
        return runner;
    }
}
