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

    [Fact]
    public async Task A_silo_that_does_not_answer_costs_a_call_nothing_and_keeps_no_place_when_it_does()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate);
        var calls = await CallOneByOneAsync(task, 2);
        var answers = new TaskCompletionSource();
        var hasAnswered = cluster.BeforeReservations(1, async call =>
        {
            await answers.Task;
            await call.Invoke();
        });
        calls = [.. calls, cluster.CallAsync(0, task)];
        await Eventually.TrueAsync(() => cluster.Held == 3, "the silo that answers has the job");
        answers.SetResult();
        await hasAnswered;
        await Eventually.TrueAsync(() => cluster.Reservations == 0, "the place that comes too late is given back");
        calls = [.. calls, .. await CallOneByOneAsync(task, Places, held: 3)];
        gate.Open();
        await AssertEachRanOnceAsync(calls, gate);
    }

    [Fact]
    public async Task A_call_is_refused_while_no_other_silo_answers_and_later_places_are_given_back()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate);
        var calls = await CallOneByOneAsync(task, 2);
        var answers = new TaskCompletionSource();
        var hasAnswered = cluster.BeforeReservations(2, async call =>
        {
            await answers.Task;
            await call.Invoke();
        });
        var (status, body) = await cluster.CallAsync(0, task);
        Assert.Equal(503, status);
        Assert.Contains("Too many jobs are waiting", body, StringComparison.Ordinal);
        answers.SetResult();
        await hasAnswered;
        await Eventually.TrueAsync(() => cluster.Reservations == 0, "the place that comes too late is given back");
        calls = [.. calls, .. await CallOneByOneAsync(task, Places, held: 2)];
        gate.Open();
        await AssertEachRanOnceAsync(calls, gate);
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

    /// <summary>
    /// Makes calls until so many jobs are held, each when a silo has the job of the one before. A silo that has answered late has a place reserved for
    /// that one, too, until it hears that another silo was faster: the next call could be refused for it.
    /// </summary>
    private async Task<Task<(int Status, string Body)>[]> CallOneByOneAsync(string task, int count, int held = 0)
    {
        await Eventually.TrueAsync(() => cluster.Held == held, "the silos have the jobs of earlier calls only");
        var calls = new List<Task<(int, string)>>();
        for (; held < count; held++)
        {
            // Those that have lapsed stay until there is a new one.
            var lapsed = cluster.Reservations;
            var call = cluster.CallAsync(held % 2, task);
            calls.Add(call);
            await Eventually.TrueAsync(
                () => (cluster.Held == held + 1 && cluster.Reservations <= lapsed) || call.IsCompleted, "a silo has the job, and none a place for it");
            Assert.False(call.IsCompleted, call.IsCompleted ? $"{await call}" : "");
        }

        return [.. calls];
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
    private HeldReservations? _reservations;

    internal ShiftedClock Clock { get; } = new();

    /// <summary>How many jobs the silos have, queued or running.</summary>
    internal int Held => Silos.Sum(HeldOn);

    /// <summary>How many places silos have reserved for others.</summary>
    internal int Reservations => Silos.Sum(silo => silo.ServiceProvider.GetRequiredService<HeldJobs>().Reservations);

    internal static int HeldOn(InProcessSiloHandle silo) => silo.ServiceProvider.GetRequiredService<HeldJobs>().Count;

    /// <summary>What becomes of the next message that releases a job on another silo.</summary>
    internal void BeforeRelease(Func<IOutgoingGrainCallContext, Task> step) => _beforeRelease = step;

    /// <summary>What becomes of the next messages that ask for a place; completed when it has become of all.</summary>
    internal Task BeforeReservations(int count, Func<IOutgoingGrainCallContext, Task> step) => (_reservations = new(count, step)).Done;

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
        services.AddSingleton<IOutgoingGrainCallFilter>(new RunnerCallFilter(this));
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

    private sealed class RunnerCallFilter(OverflowCluster cluster) : IOutgoingGrainCallFilter
    {
        public Task Invoke(IOutgoingGrainCallContext context) =>
            context.InterfaceMethod.DeclaringType != typeof(IRunnerService) ? context.Invoke() : context.MethodName switch
            {
                nameof(IRunnerService.Release) when Interlocked.Exchange(ref cluster._beforeRelease, null) is { } step => step(context),
                nameof(IRunnerService.Reserve) when cluster._reservations is { } reservations => reservations.InvokeAsync(context),
                _ => context.Invoke(),
            };
    }

    private sealed class HeldReservations(int count, Func<IOutgoingGrainCallContext, Task> step)
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _begun;
        private int _ended;

        public Task Done => _done.Task;

        public async Task InvokeAsync(IOutgoingGrainCallContext context)
        {
            if (Interlocked.Increment(ref _begun) > count)
            {
                await context.Invoke();
                return;
            }

            await step(context);
            if (Interlocked.Increment(ref _ended) == count)
            {
                _done.SetResult();
            }
        }
    }
}
