using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using SyncCluster.Execution.Local;
using SyncCluster.Harness;
using SyncCluster.Placement;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>
/// Three silos that run one script at once and queue one more, and own no jobs but for the first one: what it has no place for runs on the others.
/// Silos of TestingHost with real scripts, where messages between silos can be lost; the calls come through real gateways, over HTTP.
/// </summary>
public sealed class QueueOverflowTests(OverflowCluster cluster) : IClassFixture<OverflowCluster>
{
    private const int Places = 6;

    [Fact, Trait(WaitingRules.Trait, "I2")]
    public async Task Calls_are_refused_only_when_no_silo_has_a_place_and_places_come_back()
    {
        for (var round = 0; round < 2; round++)
        {
            using var gate = cluster.NewGate();
            var task = await cluster.GatedTaskAsync(gate);
            var calls = await CallOneByOneAsync(task, Places);
            Assert.All(cluster.Silos, silo => Assert.Equal(2, OverflowCluster.HeldOn(silo)));
            Assert.Equal(503, (await cluster.CallAsync(0, task)).Status);
            Assert.All(cluster.Silos, silo => Assert.Equal(2, OverflowCluster.HeldOn(silo)));
            gate.Open();
            await AssertEachRanOnceAsync(calls, gate);
        }
    }

    [Theory, Trait(WaitingRules.Trait, "I2")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_job_whose_release_on_another_silo_is_not_acknowledged_runs_once(bool arrives)
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate);
        var calls = await CallOneByOneAsync(task, 2);
        cluster.BeforeRelease(async call =>
        {
            if (arrives)
            {
                await call.Invoke();
            }

            throw new TimeoutException("The message, or its answer, is lost.");
        });
        calls = [.. calls, cluster.CallAsync(0, task)];
        await Eventually.TrueAsync(
            () => OverflowCluster.HeldOn(cluster.Silos[0]) == 3 && cluster.Held == 3, "the job is queued where its grain is, and nowhere else");
        gate.Open();
        await AssertEachRanOnceAsync(calls, gate);

        // A reservation that was not used lapses.
        cluster.Clock.Forward(TimeSpan.FromSeconds(10));
        using var next = cluster.NewGate();
        task = await cluster.GatedTaskAsync(next);
        calls = await CallOneByOneAsync(task, Places);
        next.Open();
        await AssertEachRanOnceAsync(calls, next);
    }

    [Fact, Trait(WaitingRules.Trait, "I2"), Trait(WaitingRules.Trait, "I9")]
    public async Task A_job_whose_silo_goes_between_its_reservation_and_its_release_runs_once_on_another()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate);
        var calls = await CallOneByOneAsync(task, 2);
        cluster.BeforeRelease(async call =>
        {
            Assert.True(SystemTargetGrainId.TryParse(call.TargetId, out var target));
            await cluster.KillSiloAsync(cluster.Silos.Single(silo => silo.SiloAddress.Equals(target.GetSiloAddress())));
            await call.Invoke();
        });
        calls = [.. calls, cluster.CallAsync(0, task)];
        await Eventually.TrueAsync(() => cluster.Silos.Count == 2 && cluster.Held == 3, "the job is queued on a silo that lives");
        gate.Open();
        await AssertEachRanOnceAsync(calls, gate);
        await cluster.StartSiloOfTheFirstsJobsAsync();
    }

    [Fact, Trait(WaitingRules.Trait, "I2"), Trait(WaitingRules.Trait, "I7")]
    public async Task Jobs_that_wait_on_another_silo_run_once_elsewhere_when_it_stops()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate);
        var calls = await CallOneByOneAsync(task, Places);
        await Eventually.TrueAsync(() => gate.Runs().Length == cluster.Silos.Count, "each silo runs a script");
        await cluster.StopSiloAsync(cluster.Silos[^1]);
        gate.Open();
        var answers = await Task.WhenAll(calls);
        Assert.Single(answers, answer => answer.Body.Contains("The server was stopped while the script ran", StringComparison.Ordinal));
        Assert.Equal(Places - 1, answers.Count(answer => answer.Status == 200));
        Assert.Equal(gate.Runs().Distinct(), gate.Runs());
        await cluster.StartSiloOfTheFirstsJobsAsync();
    }

    [Fact]
    public async Task Serial_jobs_that_wait_on_several_silos_run_one_at_a_time()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate, multitasking: false);
        var calls = await CallOneByOneAsync(task, Places);
        gate.Open();
        await AssertEachRanOnceAsync(calls, gate);
        Assert.False(File.Exists(gate.Overlaps));
    }

    private async Task<Task<(int Status, string Body)>[]> CallOneByOneAsync(string task, int count)
    {
        await Eventually.TrueAsync(() => cluster.Held == 0, "no silo has a job");
        var calls = new Task<(int, string)>[count];
        for (var call = 0; call < count; call++)
        {
            calls[call] = cluster.CallAsync(call % 2, task);
            await Eventually.TrueAsync(() => cluster.Held == call + 1 || calls[call].IsCompleted, "a silo has the job");
            Assert.False(calls[call].IsCompleted);
        }

        return calls;
    }

    private static async Task AssertEachRanOnceAsync(Task<(int Status, string Body)>[] calls, ScriptGate gate)
    {
        var answers = await Task.WhenAll(calls);
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(gate.Runs().Select(run => $"""["{run}"]""").Order(), answers.Select(answer => answer.Body).Order());
        Assert.Equal(calls.Length, gate.Runs().Distinct().Count());
    }
}

/// <summary>Three silos with two places each; the first one owns all jobs.</summary>
public sealed class OverflowCluster : TestingHostCluster
{
    private Func<IOutgoingGrainCallContext, Task>? _beforeRelease;

    internal ShiftedClock Clock { get; } = new();

    /// <summary>How many jobs the silos have, queued or running.</summary>
    internal int Held => Silos.Sum(HeldOn);

    internal static int HeldOn(InProcessSiloHandle silo) => silo.ServiceProvider.GetRequiredService<HeldJobs>().Count;

    /// <summary>What becomes of the next message that releases a job on another silo.</summary>
    internal void BeforeRelease(Func<IOutgoingGrainCallContext, Task> step) => _beforeRelease = step;

    /// <summary>Starts a silo, which owns no job either.</summary>
    internal async Task StartSiloOfTheFirstsJobsAsync()
    {
        await StartSiloAsync();
        HaveTheFirstOwnAll();
    }

    protected override async Task StartSilosAsync()
    {
        await base.StartSilosAsync();
        HaveTheFirstOwnAll();
    }

    protected override void Replace(IServiceCollection services)
    {
        services.PostConfigure<LocalExecutorOptions>(options => (options.Concurrency, options.QueueLimit) = (1, 1));
        services.AddSingleton<TimeProvider>(Clock);
        services.AddSingleton<IOutgoingGrainCallFilter>(new ReleaseFilter(this));
        services.AddSingleton<MembershipView>();
        services.AddSingleton(silo => new JobOwners(silo.GetRequiredService<MembershipView>(), silo.GetRequiredService<ILocalSiloDetails>(), Clock));
    }

    private void HaveTheFirstOwnAll()
    {
        foreach (var silo in Silos)
        {
            silo.ServiceProvider.GetRequiredService<MembershipView>().MissAllBut(Silos[0].SiloAddress);
        }
    }

    private sealed class ReleaseFilter(OverflowCluster cluster) : IOutgoingGrainCallFilter
    {
        public Task Invoke(IOutgoingGrainCallContext context) =>
            context.InterfaceMethod.DeclaringType == typeof(IRunnerService)
            && context.MethodName == nameof(IRunnerService.Release)
            && Interlocked.Exchange(ref cluster._beforeRelease, null) is { } step
                ? step(context)
                : context.Invoke();
    }
}
