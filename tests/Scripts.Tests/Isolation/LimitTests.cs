using System.Runtime.Versioning;

namespace SyncCluster.Scripts.Tests.Isolation;

/// <summary>What a process of a script may use, and when it is killed first.</summary>
[SupportedOSPlatform("linux")]
public sealed class LimitTests : IDisposable
{
    private const long MiB = 1 << 20;

    private readonly TestRunner _scripts = new(killGrace: TimeSpan.FromSeconds(10), isolation: new()
    {
        Limits = new() { FileSize = 2 * MiB, Data = 128 * MiB, Cpu = TimeSpan.FromSeconds(1), Processes = 100 },
    });

    public void Dispose() => _scripts.Dispose();

    [Theory]
    [InlineData("sh %script%")]
    [InlineData("sh %script%; :")]
    public async Task A_script_has_the_configured_limits(string runas)
    {
        var run = await _scripts.RunAsync(TestRunner.Command("ulimit -f; ulimit -d; ulimit -t; ulimit -H -t; ulimit -c") with { Runas = runas });

        Assert.Equal("4096\n131072\n1\n6\n0\n", run.Log);
    }

    [Fact]
    public async Task A_task_can_lower_its_limits_and_not_raise_them()
    {
        var command = TestRunner.Command("ulimit -f; ulimit -d; ulimit -t");

        var lower = await _scripts.RunAsync(command with { Limits = new() { FileSize = MiB, Data = 64 * MiB } });
        var higher = await _scripts.RunAsync(
            command with { Limits = new() { FileSize = 4 * MiB, Data = 256 * MiB, Cpu = TimeSpan.FromHours(1) } });

        Assert.Equal(("2048\n65536\n1\n", "4096\n131072\n1\n"), (lower.Log, higher.Log));
    }

    [Fact]
    public async Task A_task_can_have_limits_where_the_server_has_none()
    {
        using var scripts = new TestRunner();

        var run = await scripts.RunAsync(
            TestRunner.Command("ulimit -f; ulimit -t") with { Limits = new() { FileSize = MiB, Cpu = TimeSpan.FromSeconds(0.5) } });

        Assert.Equal("2048\n1\n", run.Log);
    }

    [Fact]
    public async Task A_script_is_killed_before_the_server_when_memory_runs_out()
    {
        Assert.Equal("1000\n", (await _scripts.RunAsync("cat /proc/self/oom_score_adj")).Log);
    }

    [Fact]
    public async Task A_process_can_write_no_file_above_the_limit()
    {
        var run = await _scripts.RunAsync("head -c 9000000 /dev/zero >file; echo; wc -c <file");

        Assert.Equal($"{2 * MiB}", run.LastLine);
    }

    [Fact]
    public async Task A_process_can_allocate_no_memory_above_the_limit()
    {
        var run = await _scripts.RunAsync("awk 'BEGIN { text = \"x\"; while (length(text) < 2^29) text = text text; print \"has\" }'; echo $?");

        Assert.DoesNotContain("has", run.Log, StringComparison.Ordinal);
        Assert.NotEqual("0", run.LastLine);
    }

    [Fact]
    public async Task A_process_that_has_used_up_its_time_is_ended()
    {
        var run = await _scripts.RunAsync("sh -c 'while :; do :; done'; echo $?");

        Assert.Equal((ScriptEnd.Exited, $"{128 + 24}"), (run.End, run.LastLine));
    }

    [Fact]
    public async Task Without_a_limit_of_its_own_a_process_may_use_all_processors_until_its_script_is_killed()
    {
        using var scripts = new TestRunner(killGrace: TimeSpan.FromSeconds(10));

        var run = await scripts.RunAsync(TestRunner.Command("ulimit -t; ulimit -f; ulimit -d") with { Timeout = TimeSpan.FromSeconds(50) });

        Assert.Equal($"{60 * Environment.ProcessorCount}\nunlimited\nunlimited\n", run.Log);
    }

    [Fact]
    public async Task The_number_of_processes_of_the_servers_own_user_is_not_limited()
    {
        Assert.DoesNotContain(" 100 ", (await _scripts.RunAsync("grep processes /proc/self/limits")).Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_limit_above_that_of_the_server_leaves_it_as_it_is()
    {
        // A shell with a lower limit takes the place of the server.
        var shell = Shell.Find(Environment.GetEnvironmentVariable("PATH"));
        var limited = _scripts.Note("limited");
        await File.WriteAllTextAsync(limited, $"#!{shell.Sh}\nulimit -f 8\nexec {shell.Sh} \"$@\"");
        File.SetUnixFileMode(limited, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        using var scripts = new TestRunner(shell: shell with { Sh = limited });

        Assert.Equal("8\n", (await scripts.RunAsync("ulimit -f")).Log);
    }
}
