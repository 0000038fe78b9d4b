using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using System.Text.RegularExpressions;

namespace SyncCluster.Scripts.Tests;

/// <summary>Scripts that posix_spawn starts, and what only they guarantee.</summary>
[SupportedOSPlatform("linux")]
public sealed class SpawnedScriptTests() : ScriptRunnerTests(Spawned)
{
    [Theory]
    [InlineData("cat /proc/self/stat")]
    [InlineData("exec cat /proc/self/stat")]
    public async Task A_script_leads_its_session_from_its_first_instruction_on(string runas)
    {
        var run = await RunAsync(runas);

        var fields = run.Log.Split(' ');
        Assert.Equal((fields[0], fields[0]), (fields[4], fields[5]));
    }

    [Theory]
    [InlineData("ls -l /proc/self/fd")]
    [InlineData("exec ls -l /proc/self/fd")]
    public async Task A_script_inherits_its_own_pipe_and_no_open_file_of_the_server(string runas)
    {
        await using var open = File.Create(Scripts.Note("open"));

        var run = await RunAsync(runas);

        var held = run.Log.Split('\n').Where(line => line.Contains(" -> ", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[^3..]).ToDictionary(end => end[0], end => end[2]);
        Assert.Equal("/dev/null", held["0"]);
        Assert.Equal(held["1"], held["2"]);
        Assert.StartsWith("pipe:", held["1"], StringComparison.Ordinal);
        Assert.DoesNotContain(open.Name, held.Values);
        Assert.Equal(2, held.Values.Count(target => target == held["1"]));
    }

    [Theory]
    [InlineData("cat /proc/self/status")]
    [InlineData("exec cat /proc/self/status")]
    public async Task A_script_starts_with_no_blocked_signals_and_with_the_signals_that_end_it_not_ignored(string runas)
    {
        var run = await RunAsync(runas);

        Assert.Contains("SigBlk:\t0000000000000000\n", run.Log, StringComparison.Ordinal);
        var ignored = ulong.Parse(Regex.Match(run.Log, "SigIgn:\t([0-9a-f]+)").Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        Assert.Equal(0UL, ignored & ((1UL << (13 - 1)) | (1UL << (15 - 1))));
    }

    [Fact]
    public async Task A_script_without_a_shell_around_it_may_exit_with_any_code()
    {
        var run = await Scripts.RunAsync("exit 137");
        var killed = await Scripts.RunAsync("kill -9 $$");

        Assert.Equal((137, (string?)null), (run.Code, run.Signal));
        Assert.Equal(((int?)null, "SIGKILL"), (killed.Code, killed.Signal));
    }

    [Theory]
    [InlineData("printenv PWD")]
    [InlineData("exec printenv PWD")]
    public async Task The_folder_of_a_script_is_in_its_environment(string runas) =>
        Assert.StartsWith(Scripts.Runner.Folders.Root + "/", (await RunAsync(runas)).Log, StringComparison.Ordinal);

    [Theory]
    [InlineData("printf '<%s>' %script% >/dev/null; echo 'a  b'", "a  b\n")]
    [InlineData("A=1 sh %script%; echo $?", "ran\n0\n")]
    [InlineData("echo %script% | wc -l", "1\n")]
    public async Task A_command_with_a_meaning_to_the_shell_is_run_by_a_shell(string runas, string log) => Assert.Equal(log, (await RunAsync(runas)).Log);

    [Fact]
    public async Task A_script_without_an_interpreter_line_is_run_by_the_shell()
    {
        var run = await RunAsync("%script%");

        Assert.Equal((ScriptEnd.Exited, "ran\n"), (run.End, run.Log));
    }

    [Fact]
    public async Task The_first_program_in_the_tasks_own_PATH_is_run()
    {
        var program = Scripts.Note("cat");
        File.WriteAllText(program, "#!/bin/sh\necho mine");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var command = TestRunner.Command("") with
        {
            Runas = "cat %script%",
            Environment = new Dictionary<string, string> { ["PATH"] = $"/nowhere:{Scripts.Notes}:/usr/bin:/bin" },
        };

        Assert.Equal("mine\n", (await Scripts.RunAsync(command)).Log);
    }

    private Task<ScriptRun> RunAsync(string runas) => Scripts.RunAsync(TestRunner.Command("echo ran") with { Runas = runas });
}

/// <summary>Scripts that .NET starts, as where the server is the first process of a container.</summary>
[SupportedOSPlatform("linux")]
public sealed class ManagedScriptTests() : ScriptRunnerTests(Managed)
{
    [Fact]
    public async Task A_runner_that_is_disposed_of_kills_a_process_that_leads_no_group_yet()
    {
        // A setsid that never completes.
        using var scripts = new TestRunner(shell: Shell.Find(null) with { Setsid = "/usr/bin/env", Spawns = false });
        var running = scripts.RunAsync(scripts.UnmarkedLeader("process"));
        var process = await scripts.ProcessAsync("process");

        scripts.Runner.Dispose();

        await Eventually.Async(() => !TestRunner.Runs(process));
        Assert.Equal(ScriptEnd.Stopped, (await running).End);
    }
}

/// <summary>Runs of scripts as real processes, for both ways to start them.</summary>
[SupportedOSPlatform("linux")]
public abstract class ScriptRunnerTests(bool spawns) : IDisposable
{
    protected const bool Spawned = true;
    protected const bool Managed = false;

    private readonly TestRunner _scripts = new(shell: Shells(spawns));

    private protected TestRunner Scripts => _scripts;

    public void Dispose()
    {
        _scripts.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_run_has_the_exit_code_the_log_and_the_last_line()
    {
        var run = await _scripts.RunAsync("echo one; echo two >&2; echo ' three '; exit 3");

        Assert.Equal((ScriptEnd.Exited, 3, "one\ntwo\n three \n", "three"), (run.End, run.Code, run.Log, run.LastLine));
        Assert.Null(run.Signal);
        Assert.True(run.Elapsed > TimeSpan.Zero);
    }

    [Fact]
    public async Task Arguments_reach_the_script_unchanged()
    {
        string[] words = ["\"; touch x; \"", "$(id)", "`id`", "*", "a\nb", "-n", "", "'", "\\", "%script%", "👾 ü"];

        var run = await _scripts.RunAsync("for word; do printf '<%s>' \"$word\"; done; ls", words);

        Assert.Equal(string.Concat(words.Select(word => $"<{word}>")) + "script.sh\n", run.Log);
    }

    [Fact]
    public async Task The_script_and_its_arguments_replace_the_placeholder()
    {
        var run = await _scripts.RunAsync(TestRunner.Command("echo \"$@\"", "a b") with { Runas = "echo before; sh %script% after" });

        Assert.Equal("before\na b after\n", run.Log);
    }

    [Fact]
    public async Task A_script_gets_only_a_few_variables_of_the_servers_environment()
    {
        Environment.SetEnvironmentVariable("SECRET_OF_THE_SERVER", "secret");
        var command = TestRunner.Command("env") with { Environment = new Dictionary<string, string> { ["OF_THE_TASK"] = "a\nb=c" } };

        var run = await _scripts.RunAsync(command);

        Assert.DoesNotContain("SECRET", run.Log, StringComparison.Ordinal);
        Assert.Contains("OF_THE_TASK=a\nb=c\n", run.Log, StringComparison.Ordinal);
        Assert.Contains("PATH=" + Environment.GetEnvironmentVariable("PATH") + "\n", run.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_has_no_input()
    {
        Assert.Equal("end\n", (await _scripts.RunAsync("cat; echo end")).Log);
    }

    [Fact]
    public async Task A_script_gets_SIGTERM_at_its_timeout()
    {
        var run = await _scripts.RunAsync(TestRunner.Command("exec sleep 1000") with { Timeout = TimeSpan.FromMilliseconds(500) });

        Assert.Equal((ScriptEnd.TimedOut, (int?)null, "SIGTERM"), (run.End, run.Code, run.Signal));
        Assert.InRange(run.Elapsed, TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task What_a_script_has_printed_before_its_timeout_is_kept()
    {
        var run = await _scripts.RunToTimeoutAsync(TestRunner.Command("echo begun; exec sleep 1000"));

        Assert.Equal((ScriptEnd.TimedOut, (int?)null, "SIGTERM", "begun\n"), (run.End, run.Code, run.Signal, run.Log));
    }

    [Theory]
    [InlineData("sh %script%")]
    [InlineData("sh %script%; echo after")]
    public async Task A_script_may_clean_up_at_its_timeout(string runas)
    {
        // The sleep gets the signal too. The clean-up takes a while.
        var command = TestRunner.Command("trap 'sleep 0.3; echo cleaned; exit' TERM; sh -c 'echo begun; exec sleep 1000'") with { Runas = runas };
        var run = await _scripts.RunToTimeoutAsync(command);

        Assert.Equal((ScriptEnd.TimedOut, "SIGTERM"), (run.End, run.Signal));
        Assert.Contains("cleaned\n", run.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sh %script%")]
    [InlineData("exec sh %script%")]
    public async Task A_script_that_ignores_SIGTERM_is_killed(string runas)
    {
        using var scripts = new TestRunner(killGrace: TimeSpan.FromMilliseconds(200), shell: Shells(spawns));

        var command = TestRunner.Command("trap '' TERM; echo begun; while :; do sleep 1000; done") with { Runas = runas };
        var run = await scripts.RunToTimeoutAsync(command);

        Assert.Equal((ScriptEnd.TimedOut, (int?)null, "SIGKILL", "begun\n"), (run.End, run.Code, run.Signal, run.Log));
    }

    [Fact]
    public async Task A_script_is_stopped_by_its_caller()
    {
        using var stop = new CancellationTokenSource();
        var running = _scripts.Runner.RunAsync(TestRunner.Command("echo $$ >$1; exec sleep 1000", _scripts.Note("script")), stop.Token);
        var script = await _scripts.ProcessAsync("script");

        await stop.CancelAsync();
        var run = await running;

        Assert.Equal((ScriptEnd.Stopped, (int?)null, "SIGTERM"), (run.End, run.Code, run.Signal));
        Assert.False(TestRunner.Runs(script));
    }

    [Fact]
    public async Task A_script_that_is_stopped_before_its_start_is_not_started()
    {
        var run = await _scripts.Runner.RunAsync(TestRunner.Command("touch $1", _scripts.Note("begun")), new CancellationToken(canceled: true));

        Assert.Equal(ScriptEnd.Stopped, run.End);
        Assert.False(File.Exists(_scripts.Note("begun")));
    }

    [Theory]
    [InlineData("sh %script%", "KILL")]
    [InlineData("A=1 sh %script%", "KILL")]
    [InlineData("sh %script%; exit $?", "KILL")]
    [InlineData("sh %script%; exit $?", "TERM")]
    [InlineData("sh %script%; exit $?", "SEGV")]
    public async Task A_script_that_a_signal_ends_has_the_signal_whatever_stands_between(string runas, string signal)
    {
        var run = await _scripts.RunAsync(TestRunner.Command($"echo success; kill -s {signal} $$") with { Runas = runas });

        Assert.Equal((ScriptEnd.Exited, "SIG" + signal), (run.End, run.Signal));
        Assert.StartsWith("success\n", run.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Processes_that_a_script_has_started_are_killed_at_its_end_and_do_not_delay_it()
    {
        var begun = Stopwatch.GetTimestamp();
        var run = await _scripts.RunAsync($"{TestRunner.Unmarked} & until test -s $1; do sleep 0.01; done; echo done", _scripts.Note("child"));

        Assert.Equal((ScriptEnd.Exited, 0, "done\n"), (run.End, run.Code, run.Log));
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(15));
        var child = await _scripts.ProcessAsync("child");
        await Eventually.Async(() => !TestRunner.Runs(child));
    }

    [Fact]
    public async Task Processes_that_a_script_has_started_are_killed_at_its_timeout()
    {
        using var scripts = new TestRunner(killGrace: TimeSpan.FromMilliseconds(200), shell: Shells(spawns));
        var run = await scripts.RunToTimeoutAsync(TestRunner.Command(
            $"trap '' TERM; {TestRunner.Unmarked} & until test -s $1; do sleep 0.01; done; echo begun; sleep 1000", scripts.Note("child")));

        Assert.Equal(ScriptEnd.TimedOut, run.End);
        var child = await scripts.ProcessAsync("child");
        await Eventually.Async(() => !TestRunner.Runs(child));
    }

    [Fact]
    public async Task A_daemon_that_left_the_group_is_killed_and_its_pipe_is_abandoned()
    {
        var run = await _scripts.RunAsync(
            "setsid sh -c 'echo $$ >\"$1\"; exec sleep 1000' sh \"$1\" & while [ ! -s $1 ]; do sleep 0.01; done; echo done",
            _scripts.Note("daemon"));

        Assert.Equal((ScriptEnd.Exited, "done\n"), (run.End, run.Log));
        var daemon = await _scripts.ProcessAsync("daemon");
        await Eventually.Async(() => !TestRunner.Runs(daemon));
    }

    [Fact]
    public async Task Processes_that_a_daemon_has_started_are_killed_with_it()
    {
        await _scripts.RunAsync(
            $"setsid sh -c '{TestRunner.Unmarked} & wait' sh \"$1\" >/dev/null 2>&1 & until test -s $1; do sleep 0.01; done", _scripts.Note("child"));
        var child = await _scripts.ProcessAsync("child");

        await Eventually.Async(() => !TestRunner.Runs(child));
    }

    [Fact]
    public async Task The_search_for_orphans_does_not_kill_scripts_that_run()
    {
        using var stop = new CancellationTokenSource();
        var running = _scripts.Runner.RunAsync(TestRunner.Command("echo $$ >$1; exec sleep 1000", _scripts.Note("script")), stop.Token);
        var script = await _scripts.ProcessAsync("script");

        await _scripts.RunAsync(
            "setsid sleep 1000 & sleep 0.1; setsid sh -c 'echo $$ >\"$1\"; exec sleep 1000' sh $1 & until [ -s $1 ]; do sleep 0.01; done",
            _scripts.Note("daemon"));
        var daemon = await _scripts.ProcessAsync("daemon");
        await Eventually.Async(() => !TestRunner.Runs(daemon));

        Assert.True(TestRunner.Runs(script));
        await stop.CancelAsync();
        Assert.Equal(ScriptEnd.Stopped, (await running).End);
    }

    [Fact]
    public async Task A_log_of_a_hundred_megabytes_is_cut_to_one_and_keeps_its_last_line()
    {
        var run = await _scripts.RunAsync("echo first; yes 'a line of output' | head -c 104857600; echo; echo '{\"state\":\"success\"}'");

        Assert.True(Encoding.UTF8.GetByteCount(run.Log) <= ScriptLog.Capacity);
        Assert.StartsWith("first\n", run.Log, StringComparison.Ordinal);
        Assert.Contains("bytes were cut here …]\n", run.Log, StringComparison.Ordinal);
        Assert.Equal("{\"state\":\"success\"}", run.LastLine);
    }

    [Fact]
    public async Task Binary_output_becomes_text()
    {
        var run = await _scripts.RunAsync("head -c 3000000 /dev/urandom; printf '\\n\\377end\\n'");

        Assert.Equal(ScriptEnd.Exited, run.End);
        Assert.True(Encoding.UTF8.GetByteCount(run.Log) <= ScriptLog.Capacity);
        Assert.Equal("\ufffdend", run.LastLine);
    }

    [Fact]
    public async Task A_data_url_becomes_a_file()
    {
        var run = await _scripts.RunAsync("cat \"$1\"; echo; echo \"$2\"", "data:text/plain;base64,aGVsbG8=", "data:text/plain,hello");

        Assert.Equal("hello\ndata:text/plain,hello\n", run.Log);
    }

    [Fact]
    public async Task The_folder_of_a_script_is_deleted_after_the_run()
    {
        var run = await _scripts.RunAsync("mkdir -p a/b; touch a/b/c; chmod 500 a/b; chmod 0 a; pwd");

        Assert.StartsWith(_scripts.Runner.Folders.Root, run.LastLine, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scripts.Runner.Folders.Root));
    }

    [Fact]
    public async Task A_script_may_delete_its_own_folder()
    {
        Assert.Equal(ScriptEnd.Exited, (await _scripts.RunAsync("rm -rf \"$PWD\"")).End);
    }

    [Fact]
    public async Task The_message_about_a_folder_that_cannot_be_written_shows_no_path()
    {
        File.WriteAllText(_scripts.Note("file"), "");
        Directory.Delete(_scripts.Runner.Folders.Root);
        File.WriteAllText(_scripts.Runner.Folders.Root, "no folder");
        try
        {
            var run = await _scripts.RunAsync("echo");

            Assert.Equal(ScriptEnd.NotStarted, run.End);
            Assert.DoesNotContain("/", run.Fault, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(_scripts.Runner.Folders.Root);
        }
    }

    [Theory]
    [InlineData("no-such-interpreter %script%", "echo")]
    [InlineData("%script%", "#!/usr/bin/env no-such-interpreter\n")]
    public async Task The_message_about_a_missing_interpreter_names_it(string runas, string script)
    {
        var run = await _scripts.RunAsync(TestRunner.Command(script) with { Runas = runas });

        Assert.Equal(ScriptEnd.NotStarted, run.End);
        Assert.Contains("no-such-interpreter", run.Fault, StringComparison.Ordinal);
        Assert.DoesNotContain(_scripts.Runner.Folders.Root, run.Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_message_about_a_wrong_interpreter_line_names_the_script()
    {
        var run = await _scripts.RunAsync(TestRunner.Command("#!/no-such-interpreter\n") with { Runas = "%script%" });

        Assert.Equal(ScriptEnd.NotStarted, run.End);
        Assert.Contains("script.sh", run.Fault, StringComparison.Ordinal);
        Assert.DoesNotContain(_scripts.Runner.Folders.Root, run.Fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exit 127", 127)]
    [InlineData("exit 126", 126)]
    [InlineData("no-such-program", 127)]
    public async Task A_script_that_exits_with_the_exit_code_of_a_failed_start_has_exited(string script, int code)
    {
        var run = await _scripts.RunAsync(script);

        Assert.Equal((ScriptEnd.Exited, code), (run.End, run.Code));
    }

    [Fact]
    public async Task Many_executable_scripts_start_at_once()
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ =>
            _scripts.RunAsync(TestRunner.Command("#!/bin/sh\necho ran") with { Runas = "%script%" })));

        Assert.All(runs, run => Assert.Equal((ScriptEnd.Exited, "ran\n"), (run.End, run.Log)));
    }

    [Fact]
    public async Task Arguments_that_no_program_can_be_given_are_a_fault()
    {
        foreach (var word in (string[])["a\0b", new string('x', 3 << 20)])
        {
            var run = await _scripts.RunAsync("echo", word);

            Assert.Equal(ScriptEnd.NotStarted, run.End);
            Assert.InRange(run.Fault!.Length, 10, 200);
        }
    }

    [Fact]
    public async Task Many_scripts_at_once_each_have_their_own_output()
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, 50).Select(i =>
            _scripts.RunAsync("for i in 1 2 3; do echo \"$1\"; sleep 0.1; done", i.ToString(CultureInfo.InvariantCulture))));

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}\n{i}\n{i}\n"), runs.Select(run => run.Log));
    }

    [Fact]
    public async Task A_runner_that_is_disposed_of_kills_its_scripts()
    {
        using var scripts = new TestRunner(shell: Shells(spawns));
        var running = scripts.RunAsync("trap '' TERM; echo $$ >$1; sleep 1000; sleep 1000", scripts.Note("script"));
        var script = await scripts.ProcessAsync("script");

        scripts.Runner.Dispose();

        Assert.Equal(ScriptEnd.Stopped, (await running).End);
        Assert.False(TestRunner.Runs(script));
        await Eventually.Async(() => !Directory.Exists(scripts.Runner.Folders.Root));
    }

    [Fact]
    public async Task A_runner_that_is_disposed_of_refuses_every_script()
    {
        _scripts.Runner.Dispose();

        var run = await _scripts.RunAsync("touch $1", _scripts.Note("begun"));

        Assert.Equal(ScriptEnd.NotStarted, run.End);
        Assert.Contains("being stopped", run.Fault, StringComparison.Ordinal);
        Assert.Null(_scripts.Runner.Watchdog.ProcessId);
        Assert.False(File.Exists(_scripts.Note("begun")));
    }

    [Theory]
    [InlineData("sh \"%script%\"")]
    [InlineData("sh '%script%'")]
    public async Task Quotes_around_the_placeholder_change_nothing(string runas) =>
        Assert.Equal("<a b>", (await _scripts.RunAsync(TestRunner.Command("printf '<%s>' \"$@\"", "a b") with { Runas = runas })).Log);

    [Fact]
    public async Task A_process_that_writes_to_a_closed_pipe_ends_without_a_message()
    {
        var run = await _scripts.RunAsync("yes | head -1");

        Assert.Equal((ScriptEnd.Exited, 0, "y\n"), (run.End, run.Code, run.Log));
    }

    [Theory]
    [InlineData("script_runas: 1: ./tool: Text file busy", 126)]
    [InlineData("/usr/bin/env: 'tool': Text file busy", 126)]
    [InlineData("script_runas: 1: tool: not found", 127)]
    public async Task A_script_that_prints_and_exits_like_a_shell_that_cannot_start_it_runs_once(string message, int code)
    {
        var run = await _scripts.RunAsync($"echo ran >>$1; echo \"{message}\"; exit {code}", _scripts.Note("runs"));

        Assert.Equal("ran\n", await File.ReadAllTextAsync(_scripts.Note("runs")));
        Assert.Equal((ScriptEnd.NotStarted, code, message + "\n"), (run.End, run.Code, run.Log));
    }

    [Fact]
    public async Task A_script_that_another_process_has_open_for_writing_is_not_started()
    {
        var holder = _scripts.Note("holder");
        await File.WriteAllTextAsync(holder, "exec 3>>\"$1\"\nexec env \"$@\"");
        var command = TestRunner.Command("#!/bin/sh\necho ran >>$1", _scripts.Note("runs")) with { Runas = $"sh {holder} %script%" };

        var run = await _scripts.RunAsync(command);

        Assert.Equal(ScriptEnd.NotStarted, run.End);
        Assert.Contains("Text file busy", run.Fault, StringComparison.Ordinal);
        Assert.False(File.Exists(_scripts.Note("runs")));
    }

    [Fact]
    public async Task A_script_whose_supervision_fails_is_killed()
    {
        var command = _scripts.UnmarkedLeader("script") with
        {
            Started = _ =>
            {
                _scripts.ProcessAsync("script").Wait();
                throw new InsufficientMemoryException();
            },
        };

        await Assert.ThrowsAsync<InsufficientMemoryException>(() => _scripts.RunAsync(command));

        var script = await _scripts.ProcessAsync("script");
        await Eventually.Async(() => !TestRunner.Runs(script));
    }

    private static Shell Shells(bool spawns) => Shell.Find(Environment.GetEnvironmentVariable("PATH")) with { Spawns = spawns };
}
