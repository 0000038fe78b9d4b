using System.Collections.Concurrent;
using Orleans.TestingHost;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using static SyncCluster.Gateway.Tests.Waiting.WaiterHubExtensions;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>
/// A silo is killed and one is added while callers wait at two gateways. On TestingHost, whose kill still says that the silo is dead: every grain and
/// every attempt can be counted here. That the cluster finds out about a crash is shown with SIGKILL in <c>Cluster.Tests</c>.
/// </summary>
public sealed class SiloLossTests(WaitingCluster cluster) : IClassFixture<WaitingCluster>
{
    private const int Jobs = 250;

    [Fact]
    [Trait(WaitingRules.Trait, "I1"), Trait(WaitingRules.Trait, "I2"), Trait(WaitingRules.Trait, "I7"), Trait(WaitingRules.Trait, "I9")]
    public async Task Five_hundred_callers_are_answered_once_each_while_a_silo_is_killed_and_one_is_added()
    {
        WaiterHub[] gateways = [await cluster.WatchingGatewayAsync(), await cluster.WatchingGatewayAsync()];
        var jobs = Enumerable.Range(0, Jobs).Select(_ => new RunningJob(cluster.NewJob())).ToArray();
        var submitted = jobs.Select((job, index) => gateways[index % 2].SubmitAndWaitAsync(job.Job, WaitingCluster.Hour)).ToArray();
        await Task.WhenAll(jobs.Select(job => job.Job.Executor.First.Task)).WaitAsync(JobTestCluster.Patience);
        var attached = jobs
            .Select((job, index) => gateways[(index + 1) % 2].AttachAndWaitAsync(job.Job, WaitingCluster.Hour)).ToArray();
        Assert.Equal(2 * Jobs, gateways.Sum(gateway => gateway.Waiters));

        // Every second job runs, the others are queued.
        var running = jobs.Where((_, index) => index % 2 == 0).ToArray();
        Assert.All(await Task.WhenAll(running.Select(job => job.TryRunAsync(job.Job.Executor.Attempts.Single()))), Assert.True);
        var killed = cluster.Silos[0];
        var (lostRunning, lostQueued) = (On(killed, running), On(killed, jobs.Except(running)));
        Assert.NotEmpty(lostRunning);
        Assert.NotEmpty(lostQueued);

        await cluster.KillSiloAsync(killed);
        var added = await cluster.StartSiloAsync();

        await Eventually.TrueAsync(
            () => lostQueued.All(job => job.Job.Executor.Attempts.Count == 2), "the queued jobs of the dead silo are taken over");

        // All queued jobs run now. The attempts that were queued on the dead silo are tried as well.
        foreach (var job in jobs.Except(running))
        {
            await Task.WhenAll(job.Job.Executor.Attempts.Select(job.TryRunAsync));
        }

        Assert.All(jobs, job => Assert.Equal(1, job.Runs));
        await Task.WhenAll(jobs.Except(lostRunning).Select(job => job.FinishAsync()));

        var answers = await Task.WhenAll(submitted.Concat(attached)).WaitAsync(JobTestCluster.Patience);
        foreach (var (index, job) in jobs.Index())
        {
            var stored = (await job.Job.StoredAsync())!;
            var expected = lostRunning.Contains(job) ? ServerOutcomes.LostWithItsRunner() : TestJob.Success;
            Assert.Equal((expected.Lifecycle, expected.State, expected.Fault), (stored.Lifecycle, stored.State, stored.Fault));
            Assert.Equal(lostQueued.Contains(job) ? 2 : 1, job.Job.Executor.Attempts.Count);
            Assert.All(
                new[] { answers[index], answers[Jobs + index] },
                answer => Assert.Equal(stored.Document, Reply<JobReply.Finished>(answer).Job.Document));
        }

        Assert.All(gateways, gateway => Assert.Equal(0, gateway.Waiters));
        Assert.Contains(added, cluster.Silos);
    }

    private static RunningJob[] On(InProcessSiloHandle silo, IEnumerable<RunningJob> jobs) =>
        [.. jobs.Where(job => job.Job.Executor.SiloOf(job.Job.Executor.Attempts.First()).Equals(silo.SiloAddress))];

    /// <summary>A job and the runs of it that were granted.</summary>
    private sealed class RunningJob(TestJob job)
    {
        private readonly ConcurrentBag<Guid> _granted = [];

        public TestJob Job => job;

        public int Runs => _granted.Count;

        /// <summary>Starts an attempt on its silo. False: it is refused.</summary>
        public async Task<bool> TryRunAsync(Guid attempt)
        {
            var run = Guid.NewGuid();
            while (true)
            {
                switch (await job.Grain.Assign(attempt, run, job.Executor.SiloOf(attempt)))
                {
                    case Assignment.Granted:
                        _granted.Add(run);
                        return true;
                    case Assignment.Refused:
                        return false;
                }
            }
        }

        public async Task FinishAsync() => Assert.Equal(Completion.Accepted, await job.Grain.Complete(Assert.Single(_granted), TestJob.Success));
    }
}
