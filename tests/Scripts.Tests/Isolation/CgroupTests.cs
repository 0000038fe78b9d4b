using System.Diagnostics;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging.Abstractions;
using SyncCluster.Scripts.Isolation;

namespace SyncCluster.Scripts.Tests.Isolation;

/// <summary>
/// Control groups of jobs. What is written to their files is tested in a plain folder, so that it needs no controllers; what the kernel makes of it,
/// in a control group of this machine, if it has any.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class CgroupTests : IDisposable
{
    private const int Stranger = 20004;

    private readonly string _folder = Directory.CreateTempSubdirectory("cgroup-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_limits_of_a_job_are_those_of_the_server_or_of_its_task_if_these_are_lower()
    {
        Have("memory pids cpu");
        var groups = Groups(new() { Memory = 64 << 20, Processes = 100, Cpu = 1.5 });

        var group = groups.Create(Guid.NewGuid(), new() { Memory = 32 << 20, Processes = 1000 });

        Assert.Equal(
            ("33554432", "100", "150000 100000"),
            (Read(group, "memory.max"), Read(group, "pids.max"), Read(group, "cpu.max")));
    }

    [Fact]
    public void What_is_not_limited_has_no_limit()
    {
        Have("memory pids cpu");
        var group = Groups(new()).Create(Guid.NewGuid(), task: null);

        Assert.Empty(Directory.EnumerateFiles(group));
    }

    [Fact]
    public void The_controllers_that_there_are_are_passed_on_to_the_jobs()
    {
        Have("cpuset cpu hugetlb pids");
        var groups = Groups(new() { Processes = 100 });

        groups.Create(Guid.NewGuid(), task: null);

        Assert.Equal("+pids +cpu", Read(_folder, "cgroup.subtree_control"));
        Assert.Equal("+pids +cpu", Read(groups.Root!, "cgroup.subtree_control"));
    }

    [Theory]
    [InlineData("cpu hugetlb", "does not have memory, pids")]
    [InlineData("", "does not have memory, pids")]
    [InlineData(null, "no control group of cgroup v2")]
    public async Task Without_what_the_limits_need_no_script_is_run_and_the_reason_is_named(string? controllers, string reason)
    {
        if (controllers is not null)
        {
            Have(controllers);
        }

        using var scripts = Runner(_folder, new() { Memory = 64 << 20, Processes = 100 });

        var run = await scripts.RunAsync("echo ran");

        Assert.Equal((ScriptEnd.NotStarted, ""), (run.End, run.Log));
        Assert.DoesNotContain(_folder, run.Fault, StringComparison.Ordinal);
        Assert.Contains(reason, Assert.Throws<IOException>(scripts.Runner.RequireCgroups).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_with_limits_for_its_jobs_as_a_whole_is_not_run_where_there_are_none()
    {
        using var scripts = new TestRunner();

        var run = await scripts.RunAsync(TestRunner.Command("echo ran") with { JobLimits = new() { Memory = 64 << 20 } });

        Assert.Equal((ScriptEnd.NotStarted, ""), (run.End, run.Log));
        Assert.Contains("LocalExecutor:Cgroup:Folder", run.Fault, StringComparison.Ordinal);
    }

    [CgroupFact]
    public async Task A_script_that_can_have_no_group_is_not_run()
    {
        using var groups = new MachineCgroup();
        using var scripts = Runner(groups.Folder, new());
        Assert.Equal("ran\n", (await scripts.RunAsync("echo ran")).Log);

        // No group may be deeper than the runner's: that of the run can't be made.
        await File.WriteAllTextAsync(Path.Combine(groups.Folder, "cgroup.max.depth"), "1");

        var run = await scripts.RunAsync("echo ran");
        Assert.Equal((ScriptEnd.NotStarted, ""), (run.End, run.Log));
        Assert.Contains("control group", run.Fault, StringComparison.Ordinal);
    }

    [CgroupTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whatever_a_script_has_started_ends_with_it(bool spawns)
    {
        using var groups = new MachineCgroup();
        using var scripts = Runner(groups.Folder, new(), spawns);

        var run = await scripts.RunAsync(
            "cat /proc/self/cgroup; env -i setsid sh -c 'echo $$ >\"$1\"; exec sleep 1000' sh $1 & until [ -s $1 ]; do sleep 0.05; done",
            scripts.Note("daemon"));

        Assert.Matches($"0::.*{Path.GetFileName(groups.Folder)}/synccluster-[0-9]+-[0-9a-f]+/[0-9a-f]+\n", run.Log);
        Assert.Equal(0, run.Code);
        var daemon = await scripts.ProcessAsync("daemon");
        await Eventually.Async(() => !TestRunner.Runs(daemon));
        Assert.Empty(Directory.EnumerateDirectories(scripts.Runner.Cgroups!.Root!));
    }

    [CgroupFact]
    public async Task A_script_that_is_stopped_may_clean_up_and_its_group_is_removed()
    {
        using var groups = new MachineCgroup();
        using var scripts = Runner(groups.Folder, new());

        var run = await scripts.RunToTimeoutAsync(TestRunner.Command("trap 'echo cleaned; exit' TERM; echo begun; while :; do sleep 0.05; done"));

        Assert.Equal((ScriptEnd.TimedOut, "SIGTERM"), (run.End, run.Signal));
        Assert.EndsWith("cleaned\n", run.Log, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateDirectories(scripts.Runner.Cgroups!.Root!));
    }

    [CgroupFact(needsUsers: true)]
    public async Task A_script_with_a_user_of_its_own_is_in_its_group()
    {
        using var groups = new MachineCgroup();
        using var scripts = Runner(groups.Folder, new());

        var run = await scripts.RunAsync(TestRunner.Command("id -u; cat /proc/self/cgroup") with { User = Stranger });

        Assert.StartsWith($"{Stranger}\n", run.Log, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(groups.Folder), run.Log, StringComparison.Ordinal);
    }

    [CgroupFact]
    public async Task The_groups_of_a_server_that_has_ended_are_killed_and_removed()
    {
        using var machine = new MachineCgroup();
        var groups = new JobCgroups(new(machine.Folder, new()), Guid.NewGuid(), TimeProvider.System);
        var group = groups.Create(Guid.NewGuid(), task: null);
        using var folders = new ScriptFolders();
        using var process = Process.Start("sh", ["-c", $"echo 0 >{group}/{JobCgroups.Entrance}; exec sleep 1000"]);
        await Eventually.Async(() => Read(group, JobCgroups.Entrance).Length > 0);

        // The end of the pipe to it is what it sees when its server is killed.
        using (var watchdog = new Watchdog(Shell.Find(null), Guid.NewGuid(), folders, groups, TimeProvider.System, NullLogger<Watchdog>.Instance))
        {
            watchdog.Ensure();
        }

        await Eventually.Async(() => !Directory.Exists(groups.Root));
        await process.WaitForExitAsync();
    }

    [CgroupMemoryFact]
    public async Task All_processes_of_a_job_together_have_its_memory()
    {
        using var groups = new MachineCgroup();
        using var scripts = Runner(groups.Folder, new() { Memory = 64 << 20 });

        // Each has 32 MiB, until all have.
        const string process = "awk 'BEGIN { text = \"x\"; while (length(text) < 2^25) text = text text; system(\"sleep 3\") }' &";
        var run = await scripts.RunAsync($"for i in 1 2 3 4; do {process} done; wait");

        Assert.DoesNotContain("oom_kill 0", await File.ReadAllTextAsync(Path.Combine(groups.Folder, "memory.events")), StringComparison.Ordinal);
        Assert.NotEqual(ScriptEnd.NotStarted, run.End);
    }

    private static TestRunner Runner(string folder, JobLimits limits, bool spawns = true) => new(
        shell: Shell.Find(Environment.GetEnvironmentVariable("PATH")) with { Spawns = spawns },
        isolation: new() { Cgroup = new(folder, limits) });

    private static string Read(string group, string file) => File.ReadAllText(Path.Combine(group, file));

    private void Have(string controllers) => File.WriteAllText(Path.Combine(_folder, "cgroup.controllers"), controllers + "\n");

    private JobCgroups Groups(JobLimits limits) => new(new(_folder, limits), Guid.NewGuid(), TimeProvider.System);
}
