using System.Runtime.Versioning;
using SyncCluster.Scripts.Isolation;

namespace SyncCluster.Scripts.Tests.Isolation;

/// <summary>The programs that run before a script: what they are told, and what happens when they fail.</summary>
[SupportedOSPlatform("linux")]
public sealed class LaunchTests : IDisposable
{
    private readonly TestRunner _scripts = new();

    public void Dispose() => _scripts.Dispose();

    [Theory]
    [InlineData("cat %script%")]
    [InlineData("exec cat %script%")]
    public async Task The_environment_of_a_task_counts_for_its_script_and_for_no_program_before(string runas)
    {
        var run = await RunAsync(runas, "ran", ("LD_PRELOAD", "/no/such/library.so"));

        Assert.Equal(1, run.Log.Split("library.so").Length - 1);
        Assert.EndsWith("ran", run.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sh %script%")]
    [InlineData("sh %script%; :")]
    public async Task The_environment_of_a_task_is_on_no_command_line(string runas)
    {
        var run = await RunAsync(runas, "cat /proc/$$/cmdline /proc/$PPID/cmdline; echo; echo $TOKEN", ("TOKEN", "se\"c'r$e`t\n \\"));

        Assert.EndsWith("se\"c'r$e`t \\\n", run.Log, StringComparison.Ordinal);
        Assert.Equal(1, run.Log.Split("se\"c").Length - 1);
    }

    [Fact]
    public async Task A_script_has_no_variable_that_is_not_its_own()
    {
        var run = await RunAsync("env", "", ("ONE", "1"), ("TWO", ""));

        var names = run.Log.Split('\n').Where(line => line.Contains('=', StringComparison.Ordinal)).Select(line => line.Split('=')[0]);
        Assert.Superset(new HashSet<string> { "ONE", "TWO", "PATH", "PWD", "SYNCCLUSTER_RUN" }, names.ToHashSet());
        Assert.DoesNotContain(names, name => name.StartsWith("SYNCCLUSTER_VALUE", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("OPTIND")]
    [InlineData("UID")]
    [InlineData("PPID")]
    [InlineData("SHELLOPTS")]
    public async Task A_variable_that_a_shell_keeps_to_itself_does_not_keep_the_script_from_running(string name) =>
        Assert.Equal("ran 1\n", (await RunAsync("sh %script%", "echo ran $LAST", (name, "x"), ("LAST", "1"))).Log);

    [Theory]
    [InlineData("A;echo injected")]
    [InlineData("$(echo injected)")]
    [InlineData("1A")]
    [InlineData("A\n")]
    [InlineData("")]
    public async Task A_variable_that_no_shell_could_have_is_a_fault(string name)
    {
        var run = await RunAsync("sh %script%", "echo ran", (name, "x"));

        Assert.Equal((ScriptEnd.NotStarted, ""), (run.End, run.Log));
        Assert.Contains("environment variable", run.Fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("echo '{\"state\":\"success\"}'")]
    [InlineData("exit 0")]
    [InlineData("kill -9 $$")]
    public async Task A_script_whose_sandbox_fails_has_not_run_whatever_was_printed(string failure)
    {
        var bwrap = _scripts.Note("bwrap");
        await File.WriteAllTextAsync(bwrap, "#!/bin/sh\necho no sandbox\n" + failure);
        File.SetUnixFileMode(bwrap, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        using var scripts = new TestRunner(
            shell: Shell.Find(Environment.GetEnvironmentVariable("PATH")) with { Bwrap = bwrap }, isolation: new() { Sandbox = new() });

        var run = await scripts.RunAsync("echo ran");

        Assert.Equal(ScriptEnd.NotStarted, run.End);
        Assert.Contains("no sandbox", run.Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_is_not_run_without_its_sandbox()
    {
        using var scripts = new TestRunner(
            shell: Shell.Find(Environment.GetEnvironmentVariable("PATH")) with { Bwrap = null }, isolation: new() { Sandbox = new() });

        var run = await scripts.RunAsync("echo ran");

        Assert.Equal(ScriptEnd.NotStarted, run.End);
        Assert.Contains("`bwrap`", run.Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_program_before_the_script_prints_does_not_delay_its_beginning()
    {
        // A shell that warns.
        var warns = _scripts.Note("warns");
        await File.WriteAllTextAsync(warns, "#!/bin/sh\necho warning\nexec /bin/sh \"$@\"");
        File.SetUnixFileMode(warns, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        using var scripts = new TestRunner(shell: Shell.Find(Environment.GetEnvironmentVariable("PATH")) with { Sh = warns });

        var run = await scripts.RunAsync("echo ran");

        Assert.Equal((ScriptEnd.Exited, "warning\nran\n"), (run.End, run.Log));
    }

    [Theory]
    [InlineData("CapEff:\t00000000000800e3\nCapAmb:\t0000000000000000", true, "")]
    [InlineData("CapEff:\t00000000000800e3\nCapAmb:\t0000000000000000", false, "CHOWN,DAC_OVERRIDE,KILL,SETGID,SETUID,SYS_PTRACE")]
    [InlineData("CapEff:\t00000000000000fb\nCapAmb:\t00000000000000fb", true, "SYS_PTRACE")]
    [InlineData("Name:\tx", true, "CHOWN,DAC_OVERRIDE,KILL,SETGID,SETUID,SYS_PTRACE")]
    public void The_rights_that_a_server_lacks_are_named(string status, bool isRoot, string missing) =>
        Assert.Equal(missing, string.Join(',', Capabilities.MissingForUsers(status.Split('\n'), isRoot)));

    private Task<ScriptRun> RunAsync(string runas, string script, params (string Name, string Value)[] environment) =>
        _scripts.RunAsync(TestRunner.Command(script) with
        {
            Runas = runas,
            Environment = environment.ToDictionary(variable => variable.Name, variable => variable.Value),
        });
}
