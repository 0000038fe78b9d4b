using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>Which silos get the jobs of calls that come through real gateways, over HTTP. Silos of TestingHost, which can count them.</summary>
public sealed class EvenLoadTests(CountingCluster cluster) : IClassFixture<CountingCluster>
{
    private const int AtOnce = 100;

    /// <summary>A silo that is found only by reading the membership or the list of gateways again takes longer, or never has its share.</summary>
    private static readonly TimeSpan JoinLimit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_silo_that_joins_has_its_share_of_new_calls_soon_and_each_of_four_gets_a_quarter()
    {
        const int Calls = 4_000;
        await CallAsync(AtOnce);
        Assert.Equal(3, cluster.Silos.Count(silo => cluster.JobsOf(silo) > 0));

        await cluster.StartSiloAsync();
        await Eventually.TrueAsync(
            async () =>
            {
                cluster.Forget();
                await CallAsync(2 * AtOnce);
                return cluster.JobsOf(cluster.Silos[^1]) > AtOnce / 4;
            },
            "the silo that has joined gets jobs like the others",
            JoinLimit);

        cluster.Forget();
        await CallAsync(Calls);
        Assert.Equal(4, cluster.Silos.Count);
        Assert.All(cluster.Silos, silo => Assert.InRange(cluster.JobsOf(silo), 0.22 * Calls, 0.28 * Calls));
    }

    [Fact]
    public async Task Calls_of_a_task_that_has_not_changed_do_not_read_it()
    {
        await Eventually.TrueAsync(
            async () =>
            {
                cluster.Forget();
                await CallAsync(AtOnce);
                return cluster.TaskReads == 0;
            },
            "all silos have opened their doors");
        Assert.Equal(AtOnce, cluster.Silos.Sum(cluster.JobsOf));
    }

    [Fact]
    public async Task A_call_of_a_task_that_has_changed_is_submitted_again_under_its_id()
    {
        var task = await cluster.ImportAsync("""echo '["old"]'""");
        await Eventually.TrueAsync(
            async () =>
            {
                cluster.Forget();
                Assert.Equal((200, """["old"]"""), await cluster.CallAsync(0, task));
                return cluster.Submits is [(_, nameof(IJobGrain.SubmitIfCurrent))];
            },
            "the gateway knows the task");
        await cluster.UpdateAsync(1, task, """echo '["new"]'""");
        cluster.Forget();

        Assert.Equal((200, """["new"]"""), await cluster.CallAsync(0, task));
        Assert.Equal([nameof(IJobGrain.SubmitIfCurrent), nameof(IJobGrain.Submit)], cluster.Submits.Select(submit => submit.Method));
        Assert.Single(cluster.Submits.Select(submit => submit.Job).Distinct());
    }

    private async Task CallAsync(int count)
    {
        for (var begun = 0; begun < count; begun += AtOnce)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(call => cluster.CallAsync(call % 2, "echo", """["a","b"]""")));
            Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        }
    }
}

/// <summary>Three silos that count the jobs that are submitted to them.</summary>
public sealed class CountingCluster : TestingHostCluster
{
    private readonly ConcurrentDictionary<SiloAddress, int> _jobs = new();
    private readonly ConcurrentQueue<(GrainId Job, string Method)> _submits = new();
    private int _taskReads;

    /// <summary>The submits, in their order.</summary>
    internal (GrainId Job, string Method)[] Submits => [.. _submits];

    /// <summary>How often gateways have read a task.</summary>
    internal int TaskReads => Volatile.Read(ref _taskReads);

    /// <summary>How many jobs were submitted to a silo.</summary>
    internal int JobsOf(InProcessSiloHandle silo) => _jobs.GetValueOrDefault(silo.SiloAddress);

    /// <summary>Counts from nothing.</summary>
    internal void Forget()
    {
        _jobs.Clear();
        _submits.Clear();
        Volatile.Write(ref _taskReads, 0);
    }

    protected override void Replace(IServiceCollection services) => services.AddSingleton<IIncomingGrainCallFilter>(
        provider => new CallFilter(this, provider.GetRequiredService<ILocalSiloDetails>()));

    private sealed class CallFilter(CountingCluster cluster, ILocalSiloDetails silo) : IIncomingGrainCallFilter
    {
        public Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.InterfaceMethod.DeclaringType == typeof(IJobGrain)
                && context.MethodName is nameof(IJobGrain.Submit) or nameof(IJobGrain.SubmitIfCurrent))
            {
                cluster._jobs.AddOrUpdate(silo.SiloAddress, 1, (_, count) => count + 1);
                cluster._submits.Enqueue((context.TargetId, context.MethodName));
            }
            else if (context.InterfaceMethod.DeclaringType == typeof(ITaskGrain) && context.MethodName == nameof(ITaskGrain.Get))
            {
                Interlocked.Increment(ref cluster._taskReads);
            }

            return context.Invoke();
        }
    }
}
