using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orleans.Messaging;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using static SyncCluster.Gateway.Tests.Waiting.WaiterHubExtensions;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>A gateway's watch of the silos, by a list that the test changes and a clock that it moves.</summary>
[Collection(WaitingCollection.Name)]
public sealed class SiloMonitorTests(WaitingCluster cluster)
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(12);

    /// <summary>A silo that had not seen the change when it was asked first may have answered for a job that it does not own.</summary>
    [Theory, Trait(WaitingRules.Trait, "I7")]
    [InlineData(2, 3)]
    [InlineData(3, 2)]
    public async Task Jobs_are_attached_to_when_the_silos_have_changed_and_again_when_all_silos_have_seen_it(int before, int after)
    {
        var time = new FakeTimeProvider();
        var job = cluster.NewJob();

        // Nothing else has it attach: neither the regular attach nor the last one of the wait.
        var hub = await cluster.GatewayAsync(WaitingCluster.NoRegularAttach);
        var wait = hub.SubmitAndWaitAsync(job, WaitingCluster.Hour);
        await job.Executor.First.Task.WaitAsync(JobTestCluster.Patience);

        var silos = new SiloList { Silos = [.. cluster.GatewayUris.Take(before)] };
        await cluster.RunAsync(new SiloMonitor(silos, cluster.NewDoors(), hub, time, NullLogger<SiloMonitor>.Instance));
        await Eventually.TrueAsync(() => silos.Reads == 1, "the silos are known");

        silos.Silos = [.. cluster.GatewayUris.Take(after)];
        time.Advance(Tick);
        await Eventually.TrueAsync(() => cluster.CallsOf(job, nameof(IJobGrain.Attach)) == 1, "the gateway has attached again");
        time.Advance(Settled);
        await Eventually.TrueAsync(() => cluster.CallsOf(job, nameof(IJobGrain.Attach)) == 2, "the gateway has attached once more");

        await job.FinishAsync();
        Reply<JobReply.Finished>(await wait.WaitAsync(JobTestCluster.Patience));
    }

    private sealed class SiloList : IGatewayListProvider
    {
        private int _reads;

        public IList<Uri> Silos { get; set; } = [];

        public int Reads => Volatile.Read(ref _reads);

        public TimeSpan MaxStaleness => Tick;

        public bool IsUpdatable => true;

        public Task InitializeGatewayListProvider() => Task.CompletedTask;

        public Task<IList<Uri>> GetGateways()
        {
            Interlocked.Increment(ref _reads);
            return Task.FromResult(Silos);
        }
    }
}
