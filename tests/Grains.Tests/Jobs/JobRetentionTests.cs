using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Orleans.TestingHost;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using SyncCluster.Jobs.Listing;
using SyncCluster.Jobs.Retention;
using SyncCluster.Placement;

namespace SyncCluster.Grains.Tests.Jobs;

/// <summary>Ended jobs that are not to be kept until their records expire are removed, and nothing else is.</summary>
[Collection(JobCluster.Name)]
public sealed class JobRetentionTests : IAsyncDisposable
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly string _customer = $"customer-{Guid.NewGuid():N}";
    private readonly JobCluster _cluster;
    private readonly FakeTimeProvider _clock;
    private readonly List<JobRetention> _started = [];

    public JobRetentionTests(JobCluster cluster)
    {
        _cluster = cluster;
        _clock = new(cluster.Clock.GetUtcNow());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var retention in _started)
        {
            await retention.StopAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_job_is_removed_when_its_time_is_over_and_a_repeat_of_its_call_does_not_run_again()
    {
        var (old, young, forgotten) = (await EndedAsync(2 * Hour), await EndedAsync(0.5 * Hour), await EndedAsync(2 * Hour, hasKey: false));
        Assert.Equal(2, await RunAsync(new() { JobExpiry = Hour }));
        Assert.Equal((true, false), (await IsRemovedAsync(old), await IsRemovedAsync(young)));
        Assert.Null(await forgotten.StoredAsync());
        var repeat = await old.Grain.Submit(old.WithFingerprint("call"), old.Observer().Subscription(1), TestJob.Valid);
        Assert.True(Assert.IsType<JobReply.Finished>(repeat).Job.IsRemoved);
        Assert.Empty(old.Executor.Attempts);
        Assert.Equal(0, await RunAsync(new() { JobExpiry = Hour }));
    }

    [Fact]
    public async Task Of_each_task_the_newest_jobs_are_kept()
    {
        var jobs = new Dictionary<int, TestJob>();
        foreach (var hours in (int[])[3, 1, 5, 2, 6, 4])
        {
            jobs[hours] = await EndedAsync(hours * Hour);
        }

        var other = await EndedAsync(9 * Hour, task: "other");
        Assert.Equal(4, await RunAsync(new() { KeptJobs = 2 }));
        var kept = await KeptOfAsync(jobs);
        Assert.Equal([1, 2], kept);
        Assert.False(await IsRemovedAsync(other));
    }

    [Fact]
    public async Task A_task_has_its_own_number_and_time()
    {
        TestJob[] jobs =
        [
            await EndedAsync(4 * Hour, "own"), await EndedAsync(3 * Hour, "own"), await EndedAsync(3 * Hour), await EndedAsync(2 * Hour),
        ];
        var options = new CustomerRetentionOptions { KeptJobs = 1, Tasks = { ["own"] = new() { JobExpiry = 3.5 * Hour, KeptJobs = 10 } } };
        Assert.Equal(2, await RunAsync(options));
        var removed = await Task.WhenAll(jobs.Select(IsRemovedAsync));
        Assert.Equal([true, false, true, false], removed);
    }

    [Fact]
    public async Task What_is_said_of_all_customers_counts_for_those_that_have_jobs()
    {
        var jobs = new[] { await EndedAsync(3 * Hour), await EndedAsync(2 * Hour) };
        await RunAllAsync(new RetentionRules(1, new Dictionary<string, CustomerRetentionOptions>(), 1000));
        var removed = await Task.WhenAll(jobs.Select(IsRemovedAsync));
        Assert.Equal([true, false], removed);
    }

    /// <param name="saysEnded">Whether the index says that it has ended.</param>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_job_that_has_not_ended_is_not_removed_and_counts_for_none(bool saysEnded)
    {
        var ended = await EndedAsync(3 * Hour);
        var running = NewJob(2 * Hour, "task");
        await running.FenceElsewhereAsync();
        var record = (await running.StoredAsync())!;
        var entry = JobEntry.Of(saysEnded ? record.Ended(TestJob.Success, _clock.GetUtcNow() - (2 * Hour)) : record);
        await _cluster.Index.AddAsync(_customer, entry);
        Assert.Equal(saysEnded ? 1 : 0, await RunAsync(new() { KeptJobs = saysEnded ? 0 : 1 }));
        Assert.Equal(saysEnded, await IsRemovedAsync(ended));
        Assert.False((await running.StoredAsync())!.HasEnded);
    }

    [Fact]
    public async Task A_job_that_has_just_ended_is_not_removed()
    {
        var (recent, old) = (await EndedAsync(TimeSpan.FromMinutes(9)), await EndedAsync(TimeSpan.FromMinutes(11)));
        Assert.Equal(1, await RunAsync(new() { KeptJobs = 0 }));
        Assert.Equal((false, true), (await IsRemovedAsync(recent), await IsRemovedAsync(old)));
    }

    [Fact]
    public async Task A_job_whose_record_has_changed_meanwhile_is_left_as_it_is()
    {
        var job = await EndedAsync(2 * Hour);
        var other = JobRecord.Fenced(job.WithFingerprint("call"), Guid.NewGuid(), _cluster.RunnerAddress, _clock.GetUtcNow());
        job.Storage.BeforeNextWrite(() => job.PutAsync(other));
        Assert.Equal(0, await RunAsync(new() { JobExpiry = Hour }));
        Assert.Equal(other.Attempt, (await job.StoredAsync())!.Attempt);
    }

    [Fact]
    public async Task A_job_whose_end_is_not_in_the_index_is_found()
    {
        var job = await EndedAsync(2 * Hour, isIndexed: false);
        await _cluster.Index.AddAsync(_customer, JobEntry.Of((await job.StoredAsync())!).ToUnfinished());
        await RunAsync(new() { JobExpiry = Hour });
        await Eventually.TrueAsync(() => _cluster.Index.Of(job.Spec.JobId).All(entry => entry.HasEnded), "the entry is mended");
        await RunAsync(new() { JobExpiry = Hour });
        Assert.True(await IsRemovedAsync(job));
    }

    [Fact]
    public async Task A_job_that_can_not_be_removed_keeps_no_other_one()
    {
        var (broken, other) = (await EndedAsync(3 * Hour), await EndedAsync(2 * Hour));
        broken.Storage.AllReadsFail = true;
        Assert.Equal(1, await RunAsync(new() { JobExpiry = Hour }));
        Assert.True(await IsRemovedAsync(other));
        broken.Storage.AllReadsFail = false;
        Assert.Equal(1, await RunAsync(new() { JobExpiry = Hour }));
        Assert.True(await IsRemovedAsync(broken));
    }

    [Fact]
    public async Task No_more_jobs_are_removed_in_a_second_than_is_set_and_the_oldest_first()
    {
        var removals = new List<(int Job, DateTimeOffset At)>();
        foreach (var hours in (int[])[4, 6, 2, 5, 3])
        {
            var job = await EndedAsync(hours * Hour);
            job.Storage.BeforeNextWrite(() =>
            {
                lock (removals)
                {
                    removals.Add((hours, _clock.GetUtcNow()));
                }

                return Task.CompletedTask;
            });
        }

        // The clock stands until two are removed: a third one would have the same time.
        var pass = OwnerOf(RulesOf(new() { JobExpiry = Hour }, perSecond: 2)).RunAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => Count() >= 2, "the first jobs are removed");
        Assert.Equal(5, await EndAsync(pass));
        Assert.Equal([5, 6], removals.Take(2).Select(removal => removal.Job).Order());
        Assert.Equal(2, removals[^1].Job);
        Assert.All(removals.Zip(removals.Skip(2)), two => Assert.True(two.Second.At - two.First.At >= TimeSpan.FromSeconds(1)));

        int Count()
        {
            lock (removals)
            {
                return removals.Count;
            }
        }
    }

    [Fact]
    public async Task What_an_interrupted_pass_has_left_the_next_one_removes()
    {
        var (first, second) = (await EndedAsync(3 * Hour), await EndedAsync(2 * Hour));
        using var stop = new CancellationTokenSource();
        var pass = OwnerOf(RulesOf(new() { JobExpiry = Hour }, perSecond: 1)).RunAsync(stop.Token);
        await Eventually.TrueAsync(() => IsRemovedAsync(first), "the first job is removed");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pass);
        Assert.False(await IsRemovedAsync(second));
        Assert.Equal(1, await RunAsync(new() { JobExpiry = Hour }));
        Assert.True(await IsRemovedAsync(second));
    }

    [Fact]
    public async Task One_silo_makes_the_passes_and_when_it_is_gone_another_one()
    {
        var rules = RulesOf(new() { JobExpiry = Hour });
        var views = _cluster.Silos.ToDictionary(
            silo => silo, silo => new MembershipView(silo.ServiceProvider.GetRequiredService<IClusterMembershipService>()));
        var passes = views.ToDictionary(view => view.Key, view => NewRetention(view.Key, rules, view.Value));
        var maker = Assert.Single(await MakersAsync());
        foreach (var view in views.Values)
        {
            view.Miss(maker.SiloAddress);
        }

        passes.Remove(maker);
        Assert.Single(await MakersAsync());

        async Task<InProcessSiloHandle[]> MakersAsync()
        {
            var made = new List<InProcessSiloHandle>();
            foreach (var (silo, retention) in passes)
            {
                if (await EndAsync(retention.RunAsync(CancellationToken.None)) is not null)
                {
                    made.Add(silo);
                }
            }

            return [.. made];
        }
    }

    [Fact]
    public async Task A_pass_that_another_silo_has_taken_over_removes_nothing_more()
    {
        var (first, second) = (await EndedAsync(3 * Hour), await EndedAsync(2 * Hour));
        var rules = RulesOf(new() { JobExpiry = Hour }, perSecond: 1);
        var silo = _cluster.Silos[0];
        var view = new MembershipView(silo.ServiceProvider.GetRequiredService<IClusterMembershipService>());
        view.MissAllBut(silo.SiloAddress);
        var pass = NewRetention(silo, rules, view).RunAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => IsRemovedAsync(first), "the first job is removed");
        view.MissAllBut(_cluster.Silos[1].SiloAddress);
        Assert.Equal(1, await EndAsync(pass));
        Assert.False(await IsRemovedAsync(second));
    }

    [Fact]
    public async Task A_pass_is_made_every_five_minutes_and_none_where_nothing_is_set()
    {
        var idle = Start(RulesOf(new()));
        var busy = Start(RulesOf(new() { JobExpiry = Hour }));
        Assert.Equal((true, false), (idle.ExecuteTask is null, busy.ExecuteTask is null));

        // The jobs' grains have a clock that this one runs ahead of, and must take none for one that has just ended.
        foreach (var job in new[] { await EndedAsync(24 * Hour), await EndedAsync(24 * Hour) })
        {
            await Eventually.TrueAsync(
                () =>
                {
                    _clock.Advance(TimeSpan.FromSeconds(10));
                    return IsRemovedAsync(job);
                },
                "the job is removed");
        }

        JobRetention Start(RetentionRules rules)
        {
            var retention = OwnerOf(rules);
            _started.Add(retention);
            retention.StartAsync(CancellationToken.None).GetAwaiter().GetResult();
            return retention;
        }
    }

    private RetentionRules RulesOf(CustomerRetentionOptions options, int perSecond = 1000) =>
        new(null, new Dictionary<string, CustomerRetentionOptions> { [_customer] = options }, perSecond);

    /// <summary>Makes a pass.</summary>
    /// <returns>How many jobs were removed.</returns>
    private Task<int?> RunAsync(CustomerRetentionOptions options) => RunAllAsync(RulesOf(options));

    private Task<int?> RunAllAsync(RetentionRules rules) => EndAsync(OwnerOf(rules).RunAsync(CancellationToken.None));

    /// <summary>Has time elapse until a pass has ended.</summary>
    private async Task<int?> EndAsync(Task<int?> pass)
    {
        await Eventually.TrueAsync(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return pass.IsCompleted;
            },
            "the pass has ended");
        return await pass;
    }

    /// <summary>On the silo that makes the passes.</summary>
    private JobRetention OwnerOf(RetentionRules rules)
    {
        var silo = _cluster.Silos[0];
        var view = new MembershipView(silo.ServiceProvider.GetRequiredService<IClusterMembershipService>());
        view.MissAllBut(silo.SiloAddress);
        return NewRetention(silo, rules, view);
    }

    private JobRetention NewRetention(InProcessSiloHandle silo, RetentionRules rules, MembershipView view) =>
        ActivatorUtilities.CreateInstance<JobRetention>(
            silo.ServiceProvider,
            rules,
            _clock,
            new JobOwners(view, silo.ServiceProvider.GetRequiredService<ILocalSiloDetails>(), _clock));

    private TestJob NewJob(TimeSpan ago, string task, bool hasKey = true) => _cluster.NewJob(spec => spec with
    {
        Customer = _customer,
        TaskId = task,
        CreatedAt = _clock.GetUtcNow() - ago - TimeSpan.FromSeconds(1),
        Fingerprint = hasKey ? "call"u8.ToArray() : spec.Fingerprint,
    });

    /// <summary>A job that has ended some time ago.</summary>
    private async Task<TestJob> EndedAsync(TimeSpan ago, string task = "task", bool hasKey = true, bool isIndexed = true)
    {
        var job = NewJob(ago, task, hasKey);
        var then = _clock.GetUtcNow() - ago;
        var record = JobRecord.Fenced(job.Spec, Guid.NewGuid(), _cluster.RunnerAddress, then)
            .AssignedTo(Guid.NewGuid(), _cluster.RunnerAddress, then)
            .Ended(TestJob.Success, then);
        await job.PutAsync(record);
        if (isIndexed)
        {
            await _cluster.Index.AddAsync(_customer, JobEntry.Of(record));
        }

        return job;
    }

    private async Task<bool> IsRemovedAsync(TestJob job) => await job.StoredAsync() is null or { IsRemoved: true };

    private async Task<int[]> KeptOfAsync(Dictionary<int, TestJob> jobs)
    {
        var kept = new List<int>();
        foreach (var (name, job) in jobs)
        {
            if (!await IsRemovedAsync(job))
            {
                kept.Add(name);
            }
        }

        return [.. kept.Order()];
    }
}
