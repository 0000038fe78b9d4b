using SyncCluster.Gateway.Tests.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Quotas;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Tests.Limits;

/// <summary>How many jobs a customer and a task may have: three of the customer "limited", one of its task "single".</summary>
public sealed class JobQuotaTests(JobCluster cluster) : IClassFixture<JobCluster>, IAsyncLifetime
{
    private const string Customer = "limited";

    private readonly List<TestJob> _jobs = [];

    private IQuotaGrain Count => cluster.Grains.GetGrain<IQuotaGrain>(Customer);

    public Task InitializeAsync() => Task.CompletedTask;

    /// <summary>Leaves the next test all places.</summary>
    public async Task DisposeAsync()
    {
        cluster.Executor.HeldJobs = [];
        foreach (var job in _jobs)
        {
            await job.Grain.Terminate();
            await Count.GiveBack(job.Spec.JobId);
        }
    }

    [Fact]
    public async Task Above_the_limit_nothing_is_stored_or_released_and_an_end_makes_room()
    {
        var first = await SubmitAsync();
        await SubmitAsync();
        await SubmitAsync();
        var places = cluster.Executor.Places;
        var refused = NewJob();
        Assert.Equal(new JobReply.QuotaExceeded(QuotaScope.Customer, 3), await TryAsync(refused));
        Assert.Equal(0, refused.Storage.Written);
        Assert.Empty(refused.Executor.Attempts);
        Assert.Equal(places, cluster.Executor.Places);
        Assert.IsType<JobReply.NotFound>(await refused.Grain.Attach(null, Reading.Fresh));

        await first.FinishAsync();
        Assert.IsType<JobReply.Pending>(await TryAsync(refused));
        Assert.Single(refused.Executor.Attempts);
    }

    [Fact]
    public async Task A_tasks_own_limit_counts_its_own_jobs()
    {
        await SubmitAsync("single");
        Assert.Equal(new JobReply.QuotaExceeded(QuotaScope.Task, 1), await TryAsync(NewJob("single")));
        await SubmitAsync();
    }

    [Fact]
    public async Task The_repeat_of_a_call_is_no_new_job()
    {
        var first = await SubmitAsync();
        await SubmitAsync();
        await SubmitAsync();
        await first.SubmitAsync();

        // Its grain and the count know nothing of it any more.
        await cluster.ForgetAsync(first.Grain);
        await Count.GiveBack(first.Spec.JobId);
        await SubmitAsync();
        await first.SubmitAsync();
        Assert.Single(first.Executor.Attempts);
    }

    [Fact]
    public async Task The_repeat_of_a_call_whose_job_has_ended_takes_no_place()
    {
        var ended = await SubmitAsync();
        await ended.FinishAsync();
        await cluster.ForgetAsync(ended.Grain);
        Assert.IsType<JobReply.Finished>(await TryAsync(ended));
        await SubmitAsync();
        await SubmitAsync();
        await SubmitAsync();
    }

    [Fact]
    public async Task Canceled_and_terminated_jobs_make_room()
    {
        var jobs = new[] { await SubmitAsync(), await SubmitAsync(), await SubmitAsync() };
        Assert.Equal(Cancellation.Accepted, await jobs[0].Grain.Cancel());
        await SubmitAsync();
        await jobs[1].RunAsync();
        Assert.Equal(Cancellation.Accepted, await jobs[1].Grain.Terminate());
        await SubmitAsync();
    }

    [Fact]
    public async Task A_place_whose_return_was_lost_comes_back()
    {
        var (lost, unstored) = (await SubmitAsync(), new CountedJob(NewJob().Spec.JobId, "many"));
        await SubmitAsync();
        await Count.Take(unstored);
        Assert.IsType<JobReply.QuotaExceeded>(await TryAsync(NewJob()));
        await lost.EndBehindTheGrainAsync();
        await cluster.ForgetAsync(lost.Grain);
        await SubmitSoonAsync();
        await SubmitSoonAsync();
    }

    [Fact]
    public async Task A_job_that_goes_on_keeps_its_place_though_no_silo_says_that_it_has_it()
    {
        await SubmitAsync();
        await SubmitAsync();
        await Count.Take(new CountedJob(NewJob().Spec.JobId, "many"));

        // By when the one that was never stored has lost its place, the others were asked for as well.
        await SubmitSoonAsync();
        Assert.IsType<JobReply.QuotaExceeded>(await TryAsync(NewJob()));
    }

    [Fact]
    public async Task A_count_that_was_lost_is_made_anew_of_what_the_silos_have()
    {
        await SubmitAsync();
        await SubmitAsync();
        await SubmitAsync();
        cluster.Executor.HeldJobs = [.. _jobs.Select(job => CountedJob.Of(job.Spec))];
        await cluster.ForgetAsync(Count);
        Assert.Equal(new JobReply.QuotaExceeded(QuotaScope.Customer, 3), await TryAsync(NewJob()));
    }

    [Fact]
    public async Task A_job_that_another_activation_has_let_in_comes_to_count()
    {
        await SubmitAsync();
        await SubmitAsync();
        var other = NewJob();
        await other.PutAsync(JobRecord.Fenced(other.Spec, Guid.NewGuid(), cluster.Executor.Address, DateTimeOffset.UtcNow));
        cluster.Executor.HeldJobs = [.. _jobs.Select(job => CountedJob.Of(job.Spec))];
        using var limit = new CancellationTokenSource(JobCluster.Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var probe = new CountedJob(new string('0', 24), "many"); await Count.Take(probe) is null; await Count.GiveBack(probe.JobId))
        {
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }

    [Fact]
    public async Task Of_a_hundred_at_once_as_many_are_taken_as_may_be()
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => TryAsync(NewJob())));
        Assert.Equal(3, replies.Count(reply => reply is JobReply.Pending));
        Assert.Equal(97, replies.Count(reply => reply is JobReply.QuotaExceeded));
    }

    [Fact]
    public async Task Where_there_is_no_limit_nothing_is_counted()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        await job.FinishAsync();
        var active = await cluster.Grains.GetGrain<IManagementGrain>(0).GetActiveGrains(Count.GetGrainId().Type);
        Assert.DoesNotContain(active, grain => grain.Key.ToString() == job.Spec.Customer);
    }

    [Theory]
    [InlineData(TaskType.Script)]
    [InlineData(TaskType.Dummy)]
    public async Task When_the_storage_is_nearly_full_jobs_end_and_none_begin(TaskType type)
    {
        var running = cluster.NewJob();
        var ear = await running.SubmitAsync();
        var refused = cluster.NewJob(type);
        cluster.Room.IsFull = true;
        try
        {
            Assert.IsType<JobReply.StorageFull>(await TryAsync(refused));
            Assert.Equal(0, refused.Storage.Written);
            await running.SubmitAsync();
            await running.FinishAsync();
            Assert.Equal(JobState.Success, (await ear.FirstAsync()).State);
        }
        finally
        {
            cluster.Room.IsFull = false;
        }

        Assert.IsNotType<JobReply.StorageFull>(await TryAsync(refused));
    }

    private static Task<JobReply> TryAsync(TestJob job) => job.Grain.Submit(job.Spec, job.Ear().Subscription(1), TestJob.Valid);

    private TestJob NewJob(string task = "many")
    {
        var job = cluster.NewJob(Customer, task);
        _jobs.Add(job);
        return job;
    }

    private async Task<TestJob> SubmitAsync(string task = "many")
    {
        var job = NewJob(task);
        await job.SubmitAsync();
        return job;
    }

    /// <summary>Submits a job, again and again until it is taken.</summary>
    private async Task SubmitSoonAsync()
    {
        using var limit = new CancellationTokenSource(JobCluster.Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var job = NewJob();
        while (await TryAsync(job) is JobReply.QuotaExceeded)
        {
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }
}
