using SyncCluster.Harness;
using SyncCluster.Jobs;
using SyncCluster.Quotas;
using SyncCluster.Storage;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Quotas;

/// <summary>
/// How many jobs a customer and a task may have: three of the customer "limited", one of its task "single". On TestingHost: the
/// jobs of three silos are counted, and no process must crash for the count to be lost.
/// </summary>
public sealed class QuotaGrainTests(QuotaGrainTests.LimitedCluster cluster) : IClassFixture<QuotaGrainTests.LimitedCluster>, IAsyncLifetime
{
    private const string Customer = "limited";
    private const string LimitedTask = "single";

    private readonly List<TestJob> _jobs = [];

    private IQuotaGrain Quota => cluster.Grains.GetGrain<IQuotaGrain>(Customer);

    public Task InitializeAsync() => Task.CompletedTask;

    /// <summary>Leaves the next test the whole quota.</summary>
    public async Task DisposeAsync()
    {
        cluster.Executor.Held = [];
        foreach (var job in _jobs)
        {
            await job.Grain.Terminate();
            await Quota.GiveBack(job.Spec.JobId);
        }
    }

    [Fact]
    public async Task Above_the_quota_nothing_is_stored_or_released_until_a_job_has_ended()
    {
        var first = await SubmitAsync();
        await SubmitAsync();
        await SubmitAsync();
        var reservations = cluster.Executor.Reservations;
        var refused = NewJob();
        Assert.Equal(new JobReply.QuotaExceeded(QuotaScope.Customer, 3), await refused.TrySubmitAsync());
        Assert.Equal(0, refused.Storage.Written);
        Assert.Empty(refused.Executor.Attempts);
        Assert.Equal(reservations, cluster.Executor.Reservations);
        Assert.IsType<JobReply.NotFound>(await refused.Grain.Attach(null, Reading.Fresh));

        await SubmitAfterAsync(first, first.FinishAsync, refused);
        Assert.Single(refused.Executor.Attempts);
    }

    [Fact]
    public async Task Jobs_that_were_not_sent_to_their_storage_do_not_count()
    {
        for (var number = 0; number < 3; number++)
        {
            var lost = NewJob();
            using (cluster.Storage.Disconnect())
            {
                Assert.Equal(new JobReply.Unavailable(), await lost.TrySubmitAsync());
            }

            // Else the quota would find by itself, after a while, that there is no such job.
            lost.Storage.AllReadsFail = true;
        }

        for (var number = 0; number < 3; number++)
        {
            var job = NewJob();
            await Eventually.TrueAsync(async () => await job.TrySubmitAsync() is JobReply.Pending, "the quota is free");
        }
    }

    [Fact]
    public async Task A_tasks_own_quota_counts_its_own_jobs()
    {
        await SubmitAsync(LimitedTask);
        Assert.Equal(new JobReply.QuotaExceeded(QuotaScope.Task, 1), await NewJob(LimitedTask).TrySubmitAsync());
        await SubmitAsync();
    }

    [Fact]
    public async Task The_repeat_of_a_call_counts_no_second_job()
    {
        var first = await SubmitAsync();
        await SubmitAsync();
        await SubmitAsync();
        await first.SubmitAsync();

        // Neither its grain nor the quota remembers it.
        await cluster.DeactivateAsync(first.Grain);
        await Quota.GiveBack(first.Spec.JobId);
        await SubmitAsync();
        await first.SubmitAsync();
        Assert.Single(first.Executor.Attempts);
    }

    [Fact]
    public async Task The_repeat_of_a_call_whose_job_has_ended_is_not_counted()
    {
        var ended = await SubmitAsync();
        await ended.FinishAsync();
        await cluster.DeactivateAsync(ended.Grain);
        Assert.IsType<JobReply.Finished>(await ended.TrySubmitAsync());
        await SubmitAsync();
        await SubmitAsync();
        await SubmitAsync();
    }

    [Fact]
    public async Task Canceled_and_terminated_jobs_count_no_longer()
    {
        var jobs = new[] { await SubmitAsync(), await SubmitAsync(), await SubmitAsync() };
        await SubmitAfterAsync(jobs[0], async () => Assert.Equal(Cancellation.Accepted, await jobs[0].Grain.Cancel()), NewJob());
        await jobs[1].RunAsync();
        await SubmitAfterAsync(jobs[1], async () => Assert.Equal(Cancellation.Accepted, await jobs[1].Grain.Terminate()), NewJob());
    }

    [Fact]
    public async Task A_job_whose_end_was_not_reported_to_the_quota_counts_no_longer_after_a_while()
    {
        var (lost, unstored) = (await SubmitAsync(), new CountedJob(NewJob().Spec.JobId, "many"));
        await SubmitAsync();
        await Quota.Take(unstored);
        Assert.IsType<JobReply.QuotaExceeded>(await NewJob().TrySubmitAsync());
        await lost.EndBehindTheGrainAsync();
        await cluster.DeactivateAsync(lost.Grain);
        await SubmitSoonAsync(NewJob());
        await SubmitSoonAsync(NewJob());
    }

    [Fact]
    public async Task An_unfinished_job_counts_even_if_no_silo_says_that_it_has_it()
    {
        await SubmitAsync();
        await SubmitAsync();
        await Quota.Take(new CountedJob(NewJob().Spec.JobId, "many"));

        // The quota asks for all jobs at once: when the one that was never stored counts no longer, the others were asked for as well.
        await SubmitSoonAsync(NewJob());
        Assert.IsType<JobReply.QuotaExceeded>(await NewJob().TrySubmitAsync());
    }

    [Fact]
    public async Task A_quota_that_lost_its_memory_counts_what_the_silos_have()
    {
        await SubmitAsync();
        await SubmitAsync();
        await SubmitAsync();
        HoldAll();
        await cluster.DeactivateAsync(Quota);
        Assert.Equal(new JobReply.QuotaExceeded(QuotaScope.Customer, 3), await NewJob().TrySubmitAsync());
    }

    [Fact]
    public async Task A_job_that_another_activation_has_admitted_counts_after_a_while()
    {
        await SubmitAsync();
        await SubmitAsync();
        var other = NewJob();
        await other.FenceElsewhereAsync();
        HoldAll();
        var probe = new CountedJob(new string('0', 24), "many");
        await Eventually.TrueAsync(
            async () =>
            {
                var isRefused = await Quota.Take(probe) is not null;
                await Quota.GiveBack(probe.JobId);
                return isRefused;
            },
            "the job counts");
    }

    [Fact]
    public async Task Of_a_hundred_submits_at_once_as_many_are_accepted_as_the_quota_allows()
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => NewJob().TrySubmitAsync()));
        Assert.Equal(3, replies.Count(reply => reply is JobReply.Pending));
        Assert.Equal(97, replies.Count(reply => reply is JobReply.QuotaExceeded));
    }

    [Fact]
    public async Task Without_a_quota_nothing_is_counted()
    {
        var job = cluster.NewJob();
        await job.SubmitAsync();
        await job.FinishAsync();
        var active = await cluster.Grains.GetGrain<IManagementGrain>(0).GetActiveGrains(Quota.GetGrainId().Type);
        Assert.DoesNotContain(active, grain => grain.Key.ToString() == job.Spec.Customer);
    }

    [Theory]
    [InlineData(TaskType.Script)]
    [InlineData(TaskType.Dummy)]
    public async Task When_the_storage_is_nearly_full_jobs_end_and_none_starts(TaskType type)
    {
        var running = cluster.NewJob();
        var observer = await running.SubmitAsync();
        var refused = cluster.NewJob(type);
        cluster.Capacity.Level = StorageLevel.Full;
        try
        {
            Assert.IsType<JobReply.StorageFull>(await refused.TrySubmitAsync());
            Assert.Equal(0, refused.Storage.Written);
            await running.SubmitAsync();
            await running.FinishAsync();
            Assert.Equal(JobState.Success, (await observer.FirstAsync()).State);
        }
        finally
        {
            cluster.Capacity.Level = StorageLevel.Room;
        }

        Assert.IsNotType<JobReply.StorageFull>(await refused.TrySubmitAsync());
    }

    [Fact]
    public async Task When_the_storage_is_nearly_full_only_customers_that_have_stored_less_than_others_start_jobs()
    {
        var large = cluster.NewJob(spec => spec with { Customer = "large", Arguments = new byte[100_000] });
        await large.SubmitAsync();
        cluster.Capacity.Level = StorageLevel.NearlyFull;
        try
        {
            Assert.IsType<JobReply.StorageFull>(await cluster.NewJob(spec => spec with { Customer = "large" }).TrySubmitAsync());
            await cluster.NewJob(spec => spec with { Customer = "small" }).SubmitAsync();
        }
        finally
        {
            cluster.Capacity.Level = StorageLevel.Room;
        }
    }

    [Fact]
    public async Task What_a_job_stores_is_counted_for_its_customer_from_its_start_on_and_as_its_end_leaves_it()
    {
        var customer = Guid.NewGuid().ToString("N");
        var job = cluster.NewJob(spec => spec with { Customer = customer, Arguments = new byte[100_000] });
        await job.SubmitAsync();
        Assert.Equal((await job.StoredAsync())!.Size, cluster.StoredBytes.Of(customer));
        await job.FinishAsync();
        Assert.Equal((await job.StoredAsync())!.Size, cluster.StoredBytes.Of(customer));
    }

    private TestJob NewJob(string task = "many")
    {
        var job = cluster.NewJob(spec => spec with { Customer = Customer, TaskId = task });
        _jobs.Add(job);
        return job;
    }

    private async Task<TestJob> SubmitAsync(string task = "many")
    {
        var job = NewJob(task);
        await job.SubmitAsync();
        return job;
    }

    /// <summary>Has the silos say that they have the test's jobs, each on another one than the last.</summary>
    private void HoldAll() =>
        cluster.Executor.Held = [.. _jobs.Select((job, index) => (cluster.Silos[index % cluster.Silos.Count].SiloAddress, CountedJob.Of(job.Spec)))];

    /// <summary>Submits a job until the quota allows it.</summary>
    private static Task SubmitSoonAsync(TestJob job) =>
        Eventually.TrueAsync(async () => await job.TrySubmitAsync() is JobReply.Pending, "the quota allows the job");

    /// <summary>Submits a job once another one has ended, of which only its own grain can tell the quota: a silo says that it still has it.</summary>
    private async Task SubmitAfterAsync(TestJob ending, Func<Task> end, TestJob next)
    {
        cluster.Executor.Held = [(cluster.RunnerAddress, CountedJob.Of(ending.Spec))];
        await end();
        await SubmitSoonAsync(next);
        cluster.Executor.Held = [];
    }

    public sealed class LimitedCluster : JobTestCluster, IAsyncLifetime
    {
        protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [
            new($"Limits:Jobs:Customers:{Customer}:Jobs", "3"),
            new($"Limits:Jobs:Customers:{Customer}:Tasks:{LimitedTask}", "1"),
        ];

        Task IAsyncLifetime.InitializeAsync() => StartAsync();

        Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
    }
}
