using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Harness;
using SyncCluster.Jobs;

namespace SyncCluster.Grains.Tests.Placement;

/// <summary>A silo joins, and one leaves, while jobs are under way. Their gateways attach again only when one has left.</summary>
public sealed class MembershipChangeTests : IAsyncLifetime
{
    private readonly JobTestCluster _cluster = new();

    public Task InitializeAsync() => _cluster.StartAsync();

    public Task DisposeAsync() => _cluster.DisposeAsync().AsTask();

    [Fact, Trait(WaitingRules.Trait, "I2"), Trait(WaitingRules.Trait, "I6"), Trait(WaitingRules.Trait, "I7")]
    public async Task Jobs_move_with_their_waiters_when_a_silo_joins_and_when_one_leaves()
    {
        var jobs = Enumerable.Range(0, 200).Select(_ => _cluster.NewJob(spec => spec with { CallerWaitsUntil = DateTimeOffset.MaxValue })).ToArray();
        var observers = await Task.WhenAll(jobs.Select(job => job.SubmitAsync()));
        var firstOwners = jobs.Select(job => _cluster.OwnerOf(job)).ToArray();
        var joined = await _cluster.StartSiloAsync();
        await SettledAsync(jobs);
        Assert.InRange(jobs.Count(job => _cluster.OwnerOf(job) == joined), 25, 80);

        var left = _cluster.Silos[0];
        await _cluster.StopSiloAsync(left);
        await Task.WhenAll(jobs.Select((job, index) => AttachAsync(job, observers[index])));
        await SettledAsync(jobs);
        var stayed = observers.Where((_, index) => _cluster.OwnerOf(jobs[index]) == firstOwners[index]).ToArray();
        Assert.InRange(stayed.Length, 60, 140);
        Assert.All(stayed, observer => Assert.Empty(observer.Moves));

        var canceled = jobs.Index().First(job => firstOwners[job.Index] == left).Index;
        Assert.Equal(Cancellation.Accepted, await jobs[canceled].Grain.Disconnect(observers[canceled].Subscription(2)));
        await Task.WhenAll(jobs.Where((_, index) => index != canceled).Select(job => job.FinishAsync()));
        await Task.WhenAll(observers.Where((_, index) => index != canceled).Select(observer => observer.FirstAsync()));

        // What was queued on the silo that has left is queued once more; the first attempt may not run any more.
        Assert.All(jobs.Where((_, index) => firstOwners[index] != left), job => Assert.Single(job.Executor.Attempts));
        Assert.All(jobs, job => Assert.InRange(job.Executor.Attempts.Count, 1, 2));
    }

    [Fact]
    public async Task Each_of_four_silos_gets_a_quarter_of_the_jobs_the_one_that_has_joined_last_included()
    {
        const int Jobs = 4_000;
        await _cluster.StartSiloAsync();
        for (var submitted = 0; submitted < Jobs; submitted += 200)
        {
            await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => _cluster.NewJob().TrySubmitAsync()));
        }

        Assert.All(
            _cluster.Silos,
            silo => Assert.InRange(silo.ServiceProvider.GetRequiredService<ActiveJobs>().Oldest(int.MaxValue).Count, 0.22 * Jobs, 0.28 * Jobs));
    }

    /// <summary>Attaches to a job until its owner replies.</summary>
    private static Task AttachAsync(TestJob job, TestObserver observer) => Eventually.TrueAsync(
        async () =>
        {
            try
            {
                return await job.Grain.Attach(observer.Subscription(2), Reading.Cached) is JobReply.Pending { Leaving: false };
            }
            catch (Exception fault) when (fault is OrleansException or TimeoutException)
            {
                // The cluster's client still knows the silo that has left.
                return false;
            }
        },
        "the job's owner replies");

    private Task SettledAsync(TestJob[] jobs) => Eventually.TrueAsync(
        () => jobs.All(job => _cluster.SilosOf(job) is [var silo] && silo == _cluster.OwnerOf(job) && _cluster.GatewaysOf(job) == 1),
        "each job is on the silo that owns it, with its gateway");
}
