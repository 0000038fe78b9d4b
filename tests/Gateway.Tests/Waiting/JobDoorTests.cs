using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orleans.Serialization;
using Orleans.TestingHost;
using SyncCluster.Doors;
using SyncCluster.Execution;
using SyncCluster.Gateway.Tests.Logging;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using static SyncCluster.Gateway.Tests.Waiting.WaiterHubExtensions;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>Calls to jobs through the doors of silos, many in a message; and what becomes of them where a door does not take them.</summary>
public sealed class JobDoorTests(JobDoorTests.Cluster cluster) : IClassFixture<JobDoorTests.Cluster>
{
    [Fact]
    public async Task Calls_that_come_together_share_messages_and_each_is_answered()
    {
        var gateway = await cluster.GatewayAsync(doors: await cluster.OpenDoorsAsync());
        var before = cluster.Messages;
        var jobs = Enumerable.Range(0, 200).Select(_ => cluster.NewJob()).ToArray();

        // No message is answered before all calls have come.
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Held = released.Task;
        var waits = jobs.Select(job => gateway.SubmitAndWaitAsync(job)).ToArray();
        cluster.Held = Task.CompletedTask;
        released.SetResult();
        await Task.WhenAll(jobs.Select(job => job.Executor.First.Task)).WaitAsync(JobTestCluster.Patience);
        Assert.All(jobs, job => Assert.Equal(0, cluster.CallsOf(job, nameof(IJobGrain.Submit))));
        Assert.InRange(cluster.Messages - before, 1, jobs.Length / 2);

        await FinishAndAssertAsync(jobs, waits);
    }

    [Fact]
    public async Task A_call_that_fails_is_made_again_at_its_grain_and_costs_the_others_nothing()
    {
        var gateway = await cluster.GatewayAsync(doors: await cluster.OpenDoorsAsync());
        var jobs = Enumerable.Range(0, 20).Select(_ => cluster.NewJob()).ToArray();
        cluster.FailingCalls[jobs[7].Grain.GetGrainId()] = true;
        var waits = jobs.Select(job => gateway.SubmitAndWaitAsync(job)).ToArray();
        await Task.WhenAll(jobs.Select(job => job.Executor.First.Task)).WaitAsync(JobTestCluster.Patience);
        Assert.All(jobs, job => Assert.Equal(job == jobs[7] ? 1 : 0, cluster.CallsOf(job, nameof(IJobGrain.Submit))));

        await FinishAndAssertAsync(jobs, waits);
    }

    [Fact, Trait(WaitingRules.Trait, "I2")]
    public async Task A_submit_that_is_made_again_at_its_grain_is_valid_no_longer_than_before()
    {
        var doors = await cluster.OpenDoorsAsync();
        var job = cluster.NewJob();
        cluster.FailingCalls[job.Grain.GetGrainId()] = true;
        var validUntil = DateTimeOffset.UtcNow.AddDays(1);
        Assert.IsType<JobReply.Pending>(await doors.SubmitAsync(job.Key, job.Spec, job.Observer().Subscription(1), validUntil, taskRevision: null));
        Assert.Equal(validUntil, cluster.SubmittedUntil[job.Key]);
    }

    [Fact]
    public async Task A_slow_call_holds_up_no_other_one_of_its_message()
    {
        var (slow, quick) = (cluster.NewJob(), cluster.NewJob());
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        slow.Storage.Gate = released.Task;
        var silo = cluster.Silos[0];

        var reply = await DoorOf(silo).Take(silo.SiloAddress, [new JobCall.Attach(slow.Key, null, Reading.Fresh), SubmitOf(quick)]);
        var answers = new List<CallAnswer>(reply.Answers);
        while (answers.Count == 0)
        {
            reply = await DoorOf(silo).Rest(silo.SiloAddress, reply.Rest!.Value);
            answers.AddRange(reply.Answers);
        }

        Assert.IsType<JobReply.Pending>(Assert.IsType<CallAnswer.Replied>(Assert.Single(answers, answer => answer.Call == 1)).Reply);

        released.SetResult();
        while (reply.Rest is { } rest)
        {
            reply = await DoorOf(silo).Rest(silo.SiloAddress, rest);
            answers.AddRange(reply.Answers);
        }

        Assert.IsType<JobReply.NotFound>(Assert.IsType<CallAnswer.Replied>(Assert.Single(answers, answer => answer.Call == 0)).Reply);
    }

    [Fact]
    public async Task Answers_that_come_within_100_ms_come_in_one_reply_and_later_ones_are_waited_for_no_longer()
    {
        var time = new FakeTimeProvider();
        var dispatcher = new JobCallDispatcher(cluster.Grains, time, NullLogger<JobCallDispatcher>.Instance);
        var (late, slow, quick) = (cluster.NewJob(), cluster.NewJob(), cluster.NewJob());
        var (lateIsReleased, slowIsReleased) = (new TaskCompletionSource(), new TaskCompletionSource());
        (late.Storage.Gate, slow.Storage.Gate) = (lateIsReleased.Task, slowIsReleased.Task);

        var whole = dispatcher.TakeAsync([ReadingOf(late), ReadingOf(quick)]);
        time.Advance(TimeSpan.FromMilliseconds(99));
        lateIsReleased.SetResult();
        var reply = await whole.WaitAsync(JobTestCluster.Patience);
        Assert.Equal([0, 1], reply.Answers.Select(answer => answer.Call).Order());
        Assert.Null(reply.Rest);

        var part = dispatcher.TakeAsync([ReadingOf(slow), ReadingOf(quick)]);
        await Eventually.TrueAsync(() => quick.Storage.Reads > 1, "the quick call is answered");
        time.Advance(TimeSpan.FromMilliseconds(101));
        reply = await part.WaitAsync(JobTestCluster.Patience);
        Assert.DoesNotContain(reply.Answers, answer => answer.Call == 0);
        Assert.NotNull(reply.Rest);
        slowIsReleased.SetResult();
    }

    [Fact]
    public async Task Slow_calls_are_answered_at_a_gateway_when_they_are_ready()
    {
        var doors = await cluster.OpenDoorsAsync();
        var jobs = Enumerable.Range(0, 18).Select(_ => cluster.NewJob()).ToArray();
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        foreach (var job in jobs)
        {
            job.Storage.Gate = released.Task;
        }

        var attached = jobs.Select(job => doors.AttachAsync(job.Key, null, Reading.Fresh)).ToArray();
        await Eventually.TrueAsync(() => jobs.All(job => job.Storage.Reads > 0), "all grains read");
        await Eventually.TrueAsync(() => cluster.LateAnswersAsked > 0, "the gateway asks for the late answers");
        released.SetResult();
        Assert.All(await Task.WhenAll(attached).WaitAsync(JobTestCluster.Patience), reply => Assert.IsType<JobReply.NotFound>(reply));
        Assert.All(jobs, job => Assert.Equal(0, cluster.CallsOf(job, nameof(IJobGrain.Attach))));
    }

    [Theory, Trait(WaitingRules.Trait, "I2")]
    [InlineData(Fault.Silence)]
    [InlineData(Fault.UnreadableReplies)]
    public async Task Calls_that_a_door_has_taken_without_an_answer_are_made_at_the_grains_and_no_job_runs_twice(Fault fault)
    {
        var doors = await cluster.OpenDoorsAsync();
        Assert.True(doors.TakeTaskRevisions);
        var gateway = await cluster.GatewayAsync(doors: doors);
        var jobs = Enumerable.Range(0, 30).Select(_ => cluster.NewJob()).ToArray();
        cluster.Doors = fault;
        var waits = jobs.Select(job => gateway.SubmitAndWaitAsync(job)).ToArray();
        try
        {
            await Eventually.TrueAsync(() => jobs.All(job => cluster.CallsOf(job, nameof(IJobGrain.Submit)) > 0), "the calls go to the grains");
        }
        finally
        {
            cluster.Doors = Fault.None;
        }

        Assert.Equal(0, doors.OpenDoors);
        await Task.WhenAll(jobs.Select(job => job.Executor.First.Task)).WaitAsync(JobTestCluster.Patience);

        await FinishAndAssertAsync(jobs, waits);

        // They open again.
        await cluster.OpenAsync(doors);
    }

    [Fact, Trait(WaitingRules.Trait, "I2")]
    public async Task A_call_that_a_door_has_taken_without_an_answer_is_not_said_to_have_run_nothing()
    {
        var doors = await cluster.OpenDoorsAsync();
        var gateway = await cluster.GatewayAsync(new WaitingOptions { Patience = TimeSpan.FromMilliseconds(200) }, doors: doors);
        var job = cluster.NewJob();
        cluster.Doors = Fault.Silence;
        var waited = gateway.SubmitAndWaitAsync(job);
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);

        // The call comes too late to the grain itself, which then does not look whether the job exists.
        var late = TimeSpan.FromMinutes(10);
        cluster.Clock.ForwardDate(late);
        try
        {
            Assert.IsType<WaitResult.Unknown>(await waited.WaitAsync(JobTestCluster.Patience));
            Assert.NotEqual(0, cluster.CallsOf(job, nameof(IJobGrain.Submit)));
        }
        finally
        {
            cluster.Clock.ForwardDate(-late);
            cluster.Doors = Fault.None;
        }

        await job.FinishAsync();
        Assert.Single(job.Executor.Attempts);
        await cluster.OpenAsync(doors);
    }

    [Fact, Trait(WaitingRules.Trait, "I2")]
    public async Task A_message_that_comes_twice_runs_each_of_its_jobs_once()
    {
        var silo = cluster.Silos[1];
        var jobs = Enumerable.Range(0, 10).Select(_ => cluster.NewJob()).ToArray();
        JobCall[] calls = [.. jobs.Select(SubmitOf)];
        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => DoorOf(silo).Take(silo.SiloAddress, calls)));
        await Task.WhenAll(jobs.Select(job => job.FinishAsync()));
        Assert.All(jobs, job => Assert.Single(job.Executor.Attempts));
    }

    [Fact]
    public async Task A_message_for_another_silo_is_refused()
    {
        var job = cluster.NewJob();
        var (addressed, meant) = (cluster.Silos[0], cluster.Silos[1].SiloAddress);
        await Assert.ThrowsAsync<OrleansException>(() => DoorOf(addressed).Take(meant, [SubmitOf(job)]));
        await Assert.ThrowsAsync<OrleansException>(() => DoorOf(addressed).Who(cluster.Silos[1].GatewayAddress!));
        Assert.Equal(addressed.SiloAddress, await DoorOf(addressed).Who(addressed.GatewayAddress!));
        Assert.Null(await job.StoredAsync());
    }

    [Fact]
    public async Task A_silo_that_the_client_does_not_reach_directly_is_not_addressed()
    {
        var unreached = SiloAddress.New(IPAddress.Loopback, 1, 0);
        var doors = cluster.NewDoors();
        await Eventually.TrueAsync(
            () =>
            {
                doors.Update([unreached.ToGatewayUri(), .. cluster.GatewayUris]);
                return doors.OpenDoors == cluster.Silos.Count;
            },
            "the other doors are open");
        Assert.Equal(0, cluster.CallsOf(DoorAt(unreached), nameof(IJobDoor.Who)));
    }

    [Fact]
    public async Task A_silo_that_the_client_does_not_reach_directly_any_more_is_not_addressed()
    {
        var connections = new Connections();
        await using var services = new ServiceCollection().AddSingleton(connections).BuildServiceProvider();
        var doors = cluster.NewDoors(new(services, NullLogger<ClientConnections>.Instance, typeof(Connections).AssemblyQualifiedName!));
        await cluster.OpenAsync(doors);
        var (silo, other) = (cluster.Silos[0], cluster.Silos[1]);
        var (job, jobOfOther) = (NewJobOf(silo), NewJobOf(other));
        await doors.AttachAsync(job.Key, null, Reading.Cached);
        Assert.Equal(0, cluster.CallsOf(job, nameof(IJobGrain.Attach)));

        connections.Lost = GatewayOf(silo);
        await doors.AttachAsync(job.Key, null, Reading.Cached);
        await doors.AttachAsync(jobOfOther.Key, null, Reading.Cached);
        Assert.Equal(1, cluster.CallsOf(job, nameof(IJobGrain.Attach)));
        Assert.Equal(0, cluster.CallsOf(jobOfOther, nameof(IJobGrain.Attach)));
    }

    [Fact, Trait(WaitingRules.Trait, "I2")]
    public async Task A_gateway_that_misses_a_silo_is_answered_by_the_owners_of_its_jobs()
    {
        var gateway = await cluster.GatewayAsync(doors: await cluster.OpenDoorsAsync(cluster.Silos[0], cluster.Silos[2]));
        var jobs = Enumerable.Range(0, 30).Select(_ => cluster.NewJob()).ToArray();
        var waits = jobs.Select(job => gateway.SubmitAndWaitAsync(job)).ToArray();
        await Task.WhenAll(jobs.Select(job => job.Executor.First.Task)).WaitAsync(JobTestCluster.Patience);
        Assert.All(jobs, job => Assert.Equal(cluster.OwnerOf(job), Assert.Single(cluster.SilosOf(job))));
        Assert.All(jobs, job => Assert.Equal(0, cluster.CallsOf(job, nameof(IJobGrain.Submit))));

        await FinishAndAssertAsync(jobs, waits);
    }

    [Fact, Trait(WaitingRules.Trait, "I7")]
    public async Task A_gateway_that_misses_the_owner_of_its_job_calls_it_as_soon_as_it_knows_it()
    {
        var owner = cluster.Silos[2];
        var doors = await cluster.OpenDoorsAsync(cluster.Silos[0], cluster.Silos[1]);
        var gateway = await cluster.GatewayAsync(WaitingCluster.NoRegularAttach, doors: doors);
        var job = NewJobOf(owner);
        var wait = gateway.SubmitAndWaitAsync(job, WaitingCluster.Hour);
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);
        Assert.Equal(owner, Assert.Single(cluster.SilosOf(job)));
        await cluster.OpenAsync(doors);
        var before = cluster.CallsOf(DoorOf(owner), nameof(IJobDoor.Take));
        gateway.AttachAllSoon();
        await Eventually.TrueAsync(() => cluster.CallsOf(DoorOf(owner), nameof(IJobDoor.Take)) > before, "the gateway attaches at the owner's door");
        Assert.Equal(0, cluster.CallsOf(job, nameof(IJobGrain.Attach)));
        await FinishAndAssertAsync([job], [wait]);
    }

    [Fact, Trait(WaitingRules.Trait, "I7")]
    public async Task A_silo_that_takes_another_one_for_the_owner_passes_calls_on_until_it_knows_better()
    {
        var owner = cluster.Silos[2];
        var gateway = await cluster.GatewayAsync(doors: await cluster.OpenDoorsAsync());
        var job = NewJobOf(owner);
        var view = (MembershipView)owner.ServiceProvider.GetService(typeof(MembershipView))!;
        view.Miss(owner.SiloAddress);
        var wait = gateway.SubmitAndWaitAsync(job);
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);
        Assert.NotEqual(owner.SiloAddress, job.Executor.SiloOf(job.Executor.Attempts.Single()));
        view.Miss(null);
        await Eventually.TrueAsync(() => cluster.SilosOf(job) is [var only] && only == owner, "the owner has the job");
        await FinishAndAssertAsync([job], [wait]);
    }

    [Fact]
    public async Task A_gateway_that_knows_one_silo_only_calls_the_grains_as_it_reaches_them_directly()
    {
        var doors = await cluster.OpenDoorsAsync(cluster.Silos[0]);
        var job = cluster.NewJob();
        Assert.IsType<JobReply.NotFound>(await doors.AttachAsync(job.Key, null, Reading.Cached));
        Assert.Equal(1, cluster.CallsOf(job, nameof(IJobGrain.Attach)));
    }

    [Fact, Trait(WaitingRules.Trait, "I7")]
    public async Task Attaches_to_many_jobs_at_the_same_time_share_messages_to_the_only_silo_too()
    {
        var gateway = await cluster.GatewayAsync(doors: await cluster.OpenDoorsAsync(cluster.Silos[0]));
        var jobs = Enumerable.Range(0, 100).Select(_ => cluster.NewJob()).ToArray();
        var waits = jobs.Select(job => gateway.SubmitAndWaitAsync(job)).ToArray();
        await Task.WhenAll(jobs.Select(job => job.Executor.First.Task)).WaitAsync(JobTestCluster.Patience);
        Assert.All(jobs, job => Assert.Equal(1, cluster.CallsOf(job, nameof(IJobGrain.Submit))));
        var (attaches, messages) = (cluster.Attaches, cluster.Messages);

        gateway.AttachAllSoon();
        await Eventually.TrueAsync(() => cluster.Attaches - attaches >= jobs.Length, "the gateway has attached to all jobs again");
        Assert.All(jobs, job => Assert.Equal(0, cluster.CallsOf(job, nameof(IJobGrain.Attach))));
        Assert.InRange(cluster.Messages - messages, 1, jobs.Length / 2);
        await FinishAndAssertAsync(jobs, waits);
    }

    [Fact, Trait(WaitingRules.Trait, "I6")]
    public async Task A_disconnect_does_not_overtake_an_attach_that_is_on_its_way_by_a_door()
    {
        var gateway = await cluster.GatewayAsync(doors: await cluster.OpenDoorsAsync());
        var job = cluster.NewJob(spec => spec with { CallerWaitsUntil = DateTimeOffset.MaxValue });
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        var submitted = gateway.SubmitAndWaitAsync(job, aborted: first.Token);
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);
        var other = job.Observer();
        await job.Grain.Attach(other.Subscription(1), Reading.Cached);

        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Held = released.Task;
        var messages = cluster.CallsOf(nameof(IJobDoor.Take));
        var attached = gateway.AttachAndWaitAsync(job, aborted: second.Token);
        try
        {
            await Eventually.TrueAsync(() => cluster.CallsOf(nameof(IJobDoor.Take)) > messages, "the attach is on its way");
            await Task.WhenAll(first.CancelAsync(), second.CancelAsync());
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => submitted);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => attached);
            Assert.Equal(0, cluster.CallsOf(job, nameof(IJobGrain.Disconnect)));
        }
        finally
        {
            cluster.Held = Task.CompletedTask;
            released.SetResult();
        }

        await Eventually.TrueAsync(() => cluster.GatewaysOf(job) == 1, "the gateway's subscription is gone");
        Assert.Equal(Cancellation.Accepted, await job.Grain.Disconnect(other.Subscription(1)));
    }

    [Fact]
    public async Task Calls_wait_behind_a_slow_message_for_a_moment_and_after_it_no_more_are_in_flight_than_before()
    {
        var (door, time) = (new HeldDoor(), new FakeTimeProvider());
        var silo = await OpenAsync(door, time);
        var slow = silo.CallAsync(AttachOf("1"));
        Task[] queued = [silo.CallAsync(AttachOf("2")), silo.CallAsync(AttachOf("3"))];
        time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.Equal(["1"], door.Messages);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await Eventually.TrueAsync(() => door.Messages is ["1", "2 3"], "the calls are sent though no other one follows");

        Task[] last = [silo.CallAsync(AttachOf("4")), silo.CallAsync(AttachOf("5"))];
        door.Answer(1);
        await Task.WhenAll(queued).WaitAsync(JobTestCluster.Patience);
        Assert.Equal(["1", "2 3"], door.Messages);

        door.Answer(0);
        await Eventually.TrueAsync(() => door.Messages is ["1", "2 3", "4 5"], "the next message follows");

        door.Answer(2);
        await Task.WhenAll([slow, .. last]).WaitAsync(JobTestCluster.Patience);
    }

    [Fact]
    public async Task Calls_that_wait_behind_slow_messages_are_sent_each_time()
    {
        var (door, time) = (new HeldDoor(), new FakeTimeProvider());
        var silo = await OpenAsync(door, time);
        List<Task> calls = [silo.CallAsync(AttachOf("1"))];
        for (var message = 1; message < 4; message++)
        {
            calls.Add(silo.CallAsync(AttachOf($"{message + 1}")));
            await Eventually.TrueAsync(
                () =>
                {
                    time.Advance(TimeSpan.FromMilliseconds(100));
                    return door.Messages.Count == message + 1;
                },
                "the call is sent");
        }

        Assert.Equal(["1", "2", "3", "4"], door.Messages);
        for (var message = 0; message < 4; message++)
        {
            door.Answer(message);
        }

        await Task.WhenAll(calls).WaitAsync(JobTestCluster.Patience);
    }

    [Fact]
    public async Task A_message_has_so_many_calls_as_a_silo_makes_and_a_reply_holds()
    {
        var door = new HeldDoor();
        var silo = await OpenAsync(door, new FakeTimeProvider());
        List<Task> calls = [silo.CallAsync(AttachOf("1"))];
        calls.AddRange(Enumerable.Range(0, 5).Select(_ => silo.CallAsync(LargeOf("large"))));
        calls.AddRange(Enumerable.Range(0, 300).Select(_ => silo.CallAsync(AttachOf("small"))));

        // Up to 256 KiB without the last call: two of 200 KiB.
        int[] sizes = [1, 2, 2, 256, 45];
        for (var message = 0; message < sizes.Length; message++)
        {
            await Eventually.TrueAsync(() => door.Messages.Count == message + 1, "the next message is sent");
            Assert.Equal(sizes[message], door.Calls(message));
            door.Answer(message);
        }

        await Task.WhenAll(calls).WaitAsync(JobTestCluster.Patience);
    }

    [Theory]
    [InlineData("Orleans.Messaging.NotThere, Orleans.Core")]
    [InlineData("Orleans.IGrainFactory, Orleans.Core.Abstractions")]
    public async Task Where_Orleans_does_not_say_which_silos_it_reaches_calls_go_to_the_grains_and_the_log_says_so_once(string manager)
    {
        var log = new CapturedLog();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        var doors = cluster.NewDoors(new(cluster.Client, loggers.CreateLogger<ClientConnections>(), manager));
        doors.Update(cluster.GatewayUris);
        var gateway = await cluster.GatewayAsync(doors: doors);
        var jobs = Enumerable.Range(0, 5).Select(_ => cluster.NewJob()).ToArray();
        var waits = jobs.Select(job => gateway.SubmitAndWaitAsync(job)).ToArray();
        await Task.WhenAll(jobs.Select(job => job.Executor.First.Task)).WaitAsync(JobTestCluster.Patience);
        Assert.All(jobs, job => Assert.Equal(1, cluster.CallsOf(job, nameof(IJobGrain.Submit))));
        Assert.Equal(1484, Assert.Single(log.Events).Id);
        await FinishAndAssertAsync(jobs, waits);
    }

    private async Task<SiloDoor> OpenAsync(IJobDoor door, TimeProvider time)
    {
        var connections = new ClientConnections(cluster.Client, NullLogger<ClientConnections>.Instance);
        var silo = new SiloDoor(door, SiloAddress.New(cluster.Silos[0].GatewayAddress!.Endpoint, 0), connections, time, NullLogger.Instance);
        await Eventually.TrueAsync(silo.AskAsync, "the door is open");
        return silo;
    }

    private static JobCall.Attach ReadingOf(TestJob job) => new(job.Key, null, Reading.Fresh);

    private static JobCall.Attach AttachOf(string key) => new(key, null, Reading.Cached);

    private JobCall.Submit LargeOf(string key)
    {
        var job = cluster.NewJob(spec => spec with { Arguments = new byte[200 << 10] });
        return new(key, job.Spec, job.Observer().Subscription(1), TestJob.Valid, TaskRevision: null);
    }

    private TestJob NewJobOf(InProcessSiloHandle owner) =>
        Enumerable.Range(0, 1000).Select(_ => cluster.NewJob()).First(job => cluster.OwnerOf(job) == owner);

    private static JobCall SubmitOf(TestJob job) => new JobCall.Submit(job.Key, job.Spec, job.Observer().Subscription(1), TestJob.Valid, TaskRevision: null);

    private IJobDoor DoorOf(InProcessSiloHandle silo) => DoorAt(GatewayOf(silo));

    /// <summary>Where the silo listens for clients, as they know it.</summary>
    private static SiloAddress GatewayOf(InProcessSiloHandle silo) => SiloAddress.New(silo.GatewayAddress!.Endpoint, 0);

    private IJobDoor DoorAt(SiloAddress gateway) => cluster.Grains.GetGrainService<IJobDoor>(GrainServiceTypes.JobDoor, gateway);

    private static async Task FinishAndAssertAsync(TestJob[] jobs, Task<WaitResult>[] waits)
    {
        await Task.WhenAll(jobs.Select(job => job.FinishAsync()));
        Assert.All(await Task.WhenAll(waits).WaitAsync(JobTestCluster.Patience), answer => Reply<JobReply.Finished>(answer));
        Assert.All(jobs, job => Assert.Single(job.Executor.Attempts));
    }

    /// <summary>Three silos whose doors fail as the test says.</summary>
    public sealed class Cluster : WaitingCluster
    {
        private int _attaches;
        private int _messages;
        private volatile int _late;

        /// <summary>The jobs whose next call by a door fails.</summary>
        internal ConcurrentDictionary<GrainId, bool> FailingCalls { get; } = new();

        /// <summary>What the doors do after they have made the calls.</summary>
        internal Fault Doors { get; set; }

        /// <summary>Messages wait for it on their way to a door.</summary>
        internal Task Held { get; set; } = Task.CompletedTask;

        /// <summary>Grows when late answers are asked for.</summary>
        internal int LateAnswersAsked => _late;

        /// <summary>How many attaches the jobs' grains have got.</summary>
        internal int Attaches => Volatile.Read(ref _attaches);

        /// <summary>How many messages the doors have taken.</summary>
        internal int Messages => Volatile.Read(ref _messages);

        /// <summary>By job, until when the submit was valid that the client has sent to its grain.</summary>
        internal ConcurrentDictionary<string, DateTimeOffset> SubmittedUntil { get; } = new();

        protected override void ConfigureSilo(ISiloBuilder silo)
        {
            base.ConfigureSilo(silo);
            silo.AddIncomingGrainCallFilter(async call =>
            {
                _late += call.MethodName == nameof(IJobDoor.Rest) ? 1 : 0;
                await (call.MethodName == nameof(IJobDoor.Take) ? Held : Task.CompletedTask);
                await call.Invoke();
                if (call.MethodName == nameof(IJobGrain.Attach))
                {
                    Interlocked.Increment(ref _attaches);
                }

                if (call.MethodName == nameof(IJobDoor.Take))
                {
                    Interlocked.Increment(ref _messages);
                    await (Doors == Fault.Silence ? Task.Delay(Timeout.Infinite) : Task.CompletedTask);
                }
            });
            silo.AddOutgoingGrainCallFilter(call => FailingCalls.TryRemove(call.TargetId, out _)
                ? throw new InvalidOperationException("This call fails, as the test wants it.")
                : call.Invoke());
        }

        protected override void ConfigureClient(IClientBuilder client)
        {
            base.ConfigureClient(client);
            client.AddOutgoingGrainCallFilter(async call =>
            {
                if (call.MethodName == nameof(IJobGrain.Submit))
                {
                    SubmittedUntil[call.TargetId.Key.ToString()!] = (DateTimeOffset)call.Request.GetArgument(2)!;
                }

                await call.Invoke();
                if (call.MethodName == nameof(IJobDoor.Take) && Doors == Fault.UnreadableReplies)
                {
                    throw new SerializerException("This reply can't be read, as the test wants it.");
                }
            });
        }
    }

    /// <summary>What Orleans' client knows of its connections.</summary>
    private sealed class Connections
    {
        /// <summary>The silo that is not connected.</summary>
        public SiloAddress? Lost { get; set; }

        /// <summary>As Orleans calls it.</summary>
        public bool IsGatewayAvailable(SiloAddress gateway) => !gateway.Equals(Lost);
    }

    /// <summary>What doors do after they have made the calls.</summary>
    public enum Fault
    {
        /// <summary>They answer.</summary>
        None,

        /// <summary>They never answer.</summary>
        Silence,

        /// <summary>They answer, and the client fails to read it.</summary>
        UnreadableReplies,
    }

    /// <summary>A door that answers each message when the test says so.</summary>
    private sealed class HeldDoor : IJobDoor
    {
        private readonly List<(JobCall[] Calls, TaskCompletionSource<DoorReply> Reply)> _messages = [];

        /// <summary>The keys of each message.</summary>
        public IReadOnlyList<string> Messages
        {
            get
            {
                lock (_messages)
                {
                    return [.. _messages.Select(message => string.Join(' ', message.Calls.Select(call => call.Key)))];
                }
            }
        }

        public int Calls(int message)
        {
            lock (_messages)
            {
                return _messages[message].Calls.Length;
            }
        }

        public void Answer(int message)
        {
            (JobCall[] Calls, TaskCompletionSource<DoorReply> Reply) taken;
            lock (_messages)
            {
                taken = _messages[message];
            }

            taken.Reply.SetResult(new([.. taken.Calls.Select((_, index) => new CallAnswer.Replied(index, new JobReply.NotFound()))], null));
        }

        public Task<SiloAddress> Who(SiloAddress gateway) => Task.FromResult(gateway);

        public Task<DoorReply> Take(SiloAddress silo, JobCall[] calls)
        {
            var reply = new TaskCompletionSource<DoorReply>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_messages)
            {
                _messages.Add((calls, reply));
            }

            return reply.Task;
        }

        public Task<DoorReply> Rest(SiloAddress silo, Guid rest) => throw new NotSupportedException("Every reply has all answers.");
    }
}
