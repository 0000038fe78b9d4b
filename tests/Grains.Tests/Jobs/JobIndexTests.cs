using System.Text.Json.Nodes;
using SyncCluster.Execution;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using SyncCluster.Jobs.Listing;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Jobs;

/// <summary>The index of jobs follows their records, and a list is what the records say.</summary>
[Collection(JobCluster.Name)]
public sealed class JobIndexTests(JobCluster cluster) : IDisposable
{
    private readonly string _customer = $"customer-{Guid.NewGuid():N}";

    public void Dispose()
    {
        cluster.Index.FailingAdds = 0;
        cluster.Index.ChangesFail = false;
        cluster.Index.Gate = Task.CompletedTask;
    }

    [Theory]
    [InlineData(TaskType.Script)]
    [InlineData(TaskType.Dummy)]
    public async Task A_jobs_entry_is_sent_before_its_record_and_nobody_hears_of_the_job_before_both_are_stored(TaskType type)
    {
        var job = NewJob(spec => spec with { Type = type });
        var stored = new TaskCompletionSource();
        cluster.Index.Gate = stored.Task;
        var sent = 0;
        job.Storage.BeforeNextWrite(() =>
        {
            sent = cluster.Index.Waiting;
            return Task.CompletedTask;
        });
        var submitted = job.TrySubmitAsync();
        await Eventually.TrueAsync(async () => await job.StoredAsync() is not null, "the record is stored");

        // A later turn of the grain: had it gone on, it would have replied now.
        await job.Grain.Follow(0);
        Assert.Equal((1, false, 0), (sent, submitted.IsCompleted, job.Executor.Attempts.Count));
        stored.SetResult();
        await submitted;
        Assert.Equal([JobEntry.Of((await job.StoredAsync())!)], cluster.Index.Of(job.Spec.JobId));
    }

    [Theory]
    [InlineData(TaskType.Script)]
    [InlineData(TaskType.Dummy)]
    public async Task A_job_whose_entry_cannot_be_stored_is_not_run_and_nobody_hears_of_it(TaskType type)
    {
        var job = NewJob(spec => spec with { Type = type });
        job.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.TakeOver());
        cluster.Index.FailingAdds = int.MaxValue;
        Assert.IsType<JobReply.Unavailable>(await job.TrySubmitAsync());
        Assert.IsType<JobReply.Unavailable>(await job.TrySubmitAsync());
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Attach(job.Observer().Subscription(1), Reading.Cached));
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Attach(job.Observer().Subscription(1), Reading.Fresh));
        Assert.Equal((0, 0), (job.Executor.Attempts.Count, cluster.Index.Of(job.Spec.JobId).Count));

        cluster.Index.FailingAdds = 0;
        if (type == TaskType.Dummy)
        {
            Assert.IsType<JobReply.Finished>(await job.TrySubmitAsync());
        }
        else
        {
            await job.SubmitAsync();
            Assert.Single(job.Executor.Attempts);
            await job.FinishAsync();
        }

        Assert.Equal([JobEntry.Of((await job.StoredAsync())!)], cluster.Index.Of(job.Spec.JobId));
    }

    [Fact]
    public async Task An_entry_that_was_lost_on_its_way_is_written_again_before_the_job_runs()
    {
        var job = NewJob();
        cluster.Index.FailingAdds = 1;
        job.Executor.OnRelease = _ => Assert.Single(cluster.Index.Of(job.Spec.JobId));
        await job.SubmitAsync();
        Assert.Single(job.Executor.Attempts);
        await job.FinishAsync();
    }

    [Fact]
    public async Task A_job_that_is_taken_over_gets_its_entry_before_it_runs()
    {
        var job = NewJob();
        await job.FenceElsewhereAsync();
        job.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.TakeOver());
        cluster.Index.FailingAdds = 2;
        Assert.IsType<JobReply.Unavailable>(await job.Grain.Attach(job.Observer().Subscription(1), Reading.Fresh));
        Assert.Equal((0, 0), (job.Executor.Attempts.Count, cluster.Index.Of(job.Spec.JobId).Count));
        Assert.IsType<JobReply.Pending>(await job.Grain.Attach(job.Observer().Subscription(1), Reading.Fresh));
        Assert.Equal((1, 1), (job.Executor.Attempts.Count, cluster.Index.Of(job.Spec.JobId).Count));
        await job.FinishAsync();
    }

    [Fact]
    public async Task A_job_that_ends_while_it_is_taken_over_keeps_one_entry()
    {
        var job = NewJob();
        await job.FenceElsewhereAsync();
        job.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.TakeOver());
        job.Storage.BeforeNextWrite(job.EndBehindTheGrainAsync);
        await job.Grain.Attach(job.Observer().Subscription(1), Reading.Fresh);
        Assert.Equal([JobEntry.Of((await job.StoredAsync())!)], cluster.Index.Of(job.Spec.JobId));
    }

    /// <param name="minutes">How long ago it has ended.</param>
    /// <param name="isTold">Whether its silo may just have died.</param>
    [Theory]
    [InlineData(1, true)]
    [InlineData(15, false)]
    public async Task An_end_that_the_index_has_not_heard_of_is_told_by_who_reads_it_soon(int minutes, bool isTold)
    {
        var job = NewJob();
        var ended = Fence(job, cluster.RunnerAddress).Ended(TestJob.Success, cluster.Clock.GetUtcNow().AddMinutes(-minutes));
        await job.PutAsync(ended);
        await cluster.Index.AddAsync(_customer, JobEntry.Of(ended).ToUnfinished());
        Assert.IsType<JobReply.Finished>(await job.Grain.Attach(null, Reading.Cached));
        Assert.Equal(isTold, Assert.Single(cluster.Index.Of(job.Spec.JobId)).HasEnded);
    }

    [Fact]
    public async Task An_end_changes_the_entry()
    {
        var job = NewJob();
        await job.SubmitAsync();
        Assert.False(Assert.Single(cluster.Index.Of(job.Spec.JobId)).HasEnded);
        await job.FinishAsync();
        var entry = Assert.Single(cluster.Index.Of(job.Spec.JobId));
        Assert.Equal((Lifecycle.Finished, JobState.Success), (entry.Lifecycle, entry.State));
        Assert.Equal([job.Spec.JobId], await ListAsync(new() { Viewer = Everyone, States = [JobState.Success] }));
    }

    [Fact]
    public async Task A_job_whose_end_is_not_in_the_index_is_listed_as_ended_and_mended()
    {
        var job = NewJob();
        await job.SubmitAsync();
        cluster.Index.ChangesFail = true;
        await job.FinishAsync();
        Assert.False(Assert.Single(cluster.Index.Of(job.Spec.JobId)).HasEnded);
        cluster.Index.ChangesFail = false;
        Assert.Empty(await ListAsync(new() { Viewer = Everyone, Lifecycles = [Lifecycle.Ready, Lifecycle.Assigned] }));
        Assert.Equal([JobEntry.Of((await job.StoredAsync())!)], cluster.Index.Of(job.Spec.JobId));
        Assert.Equal([job.Spec.JobId], await ListAsync(new() { Viewer = Everyone, States = [JobState.Success] }));
    }

    [Fact]
    public async Task A_job_that_ended_behind_the_index_is_found_by_its_end()
    {
        var job = NewJob();
        await job.SubmitAsync();
        await job.EndBehindTheGrainAsync();
        Assert.Equal([job.Spec.JobId], await ListAsync(new() { Viewer = Everyone, States = [JobState.Success] }));
    }

    [Fact]
    public async Task An_entry_without_a_record_is_not_listed_and_goes()
    {
        var job = NewJob();
        await job.SubmitAsync();
        await job.FinishAsync();
        await cluster.Storage.RemoveAsync(job.Grain.GetGrainId());
        Assert.Empty(await ListAsync(new() { Viewer = Everyone }));
        Assert.Empty(cluster.Index.Of(job.Spec.JobId));
    }

    [Fact]
    public async Task An_entry_whose_record_may_be_on_its_way_stays()
    {
        var job = NewJob(spec => spec with { CreatedAt = DateTimeOffset.UtcNow });
        await cluster.Index.AddAsync(_customer, JobEntry.Of(Fence(job, cluster.RunnerAddress)));
        Assert.Empty(await ListAsync(new() { Viewer = Everyone }));
        Assert.Single(cluster.Index.Of(job.Spec.JobId));
    }

    [Fact]
    public async Task A_repeat_of_a_call_leaves_one_entry()
    {
        var job = NewJob(spec => spec with { CreatedAt = DateTimeOffset.UnixEpoch.AddDays(1) });
        await job.FenceElsewhereAsync(job.Spec with { CreatedAt = DateTimeOffset.UnixEpoch });
        await job.SubmitAsync();
        Assert.Equal([JobEntry.Of((await job.StoredAsync())!)], cluster.Index.Of(job.Spec.JobId));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_removed_job_has_no_entry(bool leavesATombstone)
    {
        var job = NewJob(spec => leavesATombstone ? spec with { Fingerprint = [1] } : spec);
        var ended = Fence(job, cluster.RunnerAddress).Ended(TestJob.Success, DateTimeOffset.UnixEpoch);
        await job.PutAsync(ended);
        await cluster.Index.AddAsync(_customer, JobEntry.Of(ended));
        Assert.IsType<Removal.Removed>(await job.Grain.Remove());
        Assert.Empty(cluster.Index.Of(job.Spec.JobId));
    }

    [Fact]
    public async Task A_job_whose_silo_is_gone_is_listed_as_lost()
    {
        var job = NewJob();
        var gone = SiloAddress.New(System.Net.IPAddress.Loopback, 1, 1);
        job.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.End(ServerOutcomes.LostWithItsRunner()));
        var running = Fence(job, gone).AssignedTo(Guid.NewGuid(), gone, DateTimeOffset.UnixEpoch);
        await job.PutAsync(running);
        await cluster.Index.AddAsync(_customer, JobEntry.Of(running));
        Assert.Empty(await ListAsync(new() { Viewer = Everyone, States = [JobState.InProgress] }));
        Assert.Equal([job.Spec.JobId], await ListAsync(new() { Viewer = Everyone, States = [JobState.Failure] }));
    }

    [Fact]
    public async Task A_list_shows_only_what_the_records_access_lists_allow()
    {
        var job = NewJob(spec => spec with { Acl = ["team:ops"] });
        await job.SubmitAsync();
        Assert.Empty(await ListAsync(new() { Viewer = Everyone }));
        Assert.Empty(await ListAsync(new() { Viewer = new(false, ["", "team"]) }));
        Assert.Equal([job.Spec.JobId], await ListAsync(new() { Viewer = new(false, ["TEAM:ops"]) }));
        Assert.Equal([job.Spec.JobId], await ListAsync(new() { Viewer = new(true, []) }));
    }

    /// <summary>Of some jobs the end is not in the index, some may not be seen, and some are gone.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(33)]
    [InlineData(100)]
    public async Task What_is_skipped_are_the_jobs_that_would_be_listed(int skip)
    {
        for (var number = 0; number < 60; number++)
        {
            var job = NewJob(spec => spec with
            {
                Acl = number % 4 == 0 ? ["team:ops"] : number % 4 == 1 ? ["team:dev"] : [],
                CreatedAt = DateTimeOffset.UnixEpoch.AddSeconds(number),
            });
            var record = Fence(job, cluster.RunnerAddress);
            record = number % 7 == 0 ? record : record.Ended(TestJob.Success, DateTimeOffset.UnixEpoch.AddDays(1));
            await (number % 10 == 3 ? Task.CompletedTask : job.PutAsync(record));
            await cluster.Index.AddAsync(_customer, number % 5 == 0 ? JobEntry.Of(record).ToUnfinished() : JobEntry.Of(record));
        }

        var query = new JobQuery { Viewer = new(false, ["team:dev"]) };
        var all = await ListAsync(query with { Lifecycles = JobQuery.Ended });
        var jobs = await ListAsync(query);
        Assert.InRange(all.Length, 20, jobs.Length - 1);
        Assert.Equal(jobs.Skip(skip), await ListAsync(query with { Skip = skip }));
        Assert.Equal(all.Skip(skip), await ListAsync(query with { Lifecycles = JobQuery.Ended, Skip = skip }));
        var page = await FindAsync(query with { Skip = skip, Limit = 5 });
        Assert.Equal(jobs.Skip(skip).Take(5), page.Jobs.Select(IdOf));
    }

    [Fact]
    public async Task Without_storage_there_is_no_list()
    {
        var job = NewJob();
        await job.SubmitAsync();
        job.Storage.AllReadsFail = true;
        Assert.Null(await cluster.Grains.GetGrain<IJobListGrain>(_customer).Find(new() { Viewer = Everyone, Limit = 10 }));
        Assert.Null(await cluster.Grains.GetGrain<IJobListGrain>(_customer).Count(new() { Viewer = Everyone, Limit = int.MaxValue }));
        job.Storage.AllReadsFail = false;
    }

    private static JobViewer Everyone { get; } = new(false, []);

    private static JobRecord Fence(TestJob job, SiloAddress runner) =>
        JobRecord.Fenced(job.Spec, Guid.NewGuid(), runner, DateTimeOffset.UnixEpoch);

    private TestJob NewJob(Func<JobSpec, JobSpec>? change = null) =>
        cluster.NewJob(spec => (change?.Invoke(spec) ?? spec) with { Customer = _customer });

    private async Task<string[]> ListAsync(JobQuery query)
    {
        var page = await FindAsync(query with { Limit = 100 });
        Assert.Null(page.Next);
        return [.. page.Jobs.Select(IdOf)];
    }

    /// <summary>The first page. A search that takes seconds is given up before the page is full: then it is made again.</summary>
    private async Task<JobPage> FindAsync(JobQuery query)
    {
        JobPage? page = null;
        await Eventually.TrueAsync(
            async () => (page = await cluster.Grains.GetGrain<IJobListGrain>(_customer).Find(query)) is { } found
                && (found.Next is null || found.Jobs.Length == query.Limit),
            "the search is not given up");
        return page!;
    }

    private static string IdOf(byte[] job) => JsonNode.Parse(job)!["id"]!.GetValue<string>();
}
