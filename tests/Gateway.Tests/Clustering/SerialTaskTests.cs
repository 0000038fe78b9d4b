using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using SyncCluster.Harness;
using SyncCluster.SerialTasks;
using SyncCluster.Storage;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>
/// Tasks with <c>multitasking:false</c> in a cluster of three silos with four workers each. Silos of TestingHost, stopped and started by its API,
/// with real scripts that find out whether they run alone; the calls come through real gateways, over HTTP.
/// </summary>
[Collection(TestingHostCollection.Name)]
public sealed class SerialTaskTests(TestingHostCluster cluster)
{
    [Fact]
    public async Task One_job_at_a_time_runs_in_the_whole_cluster()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate, multitasking: false);
        gate.Open();
        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(call => cluster.CallAsync(call % 2, task)));
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(gate.Runs().Select(run => $"""["{run}"]""").Order(), answers.Select(answer => answer.Body).Order());
        Assert.Equal(30, gate.Runs().Distinct().Count());
        Assert.False(File.Exists(gate.Overlaps));
        await Eventually.TrueAsync(async () => (await QueueAsync(task)).Length == 0, "the jobs have left the queue");
    }

    [Fact]
    public async Task Jobs_of_other_tasks_run_at_once()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate);
        var calls = Enumerable.Range(0, 4).Select(call => cluster.CallAsync(call % 2, task)).ToArray();
        await Eventually.TrueAsync(() => gate.Runs().Length == 4, "all scripts have started");
        Assert.True(File.Exists(gate.Overlaps));
        gate.Open();
        await Task.WhenAll(calls);
    }

    [Fact]
    public async Task The_jobs_run_in_the_order_of_their_calls()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate, multitasking: false);
        var (calls, order) = await CallOneByOneAsync(task, 12);
        gate.Open();
        await Task.WhenAll(calls);
        Assert.Equal(order, gate.Runs());
    }

    [Fact]
    public async Task Jobs_that_wait_for_their_turn_keep_no_other_task_from_running()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate, multitasking: false);
        var calls = Enumerable.Range(0, 40).Select(call => cluster.CallAsync(call % 2, task)).ToArray();
        await Eventually.TrueAsync(async () => (await QueueAsync(task)).Length == calls.Length, "all jobs are in the task's queue");
        await gate.FirstRunAsync();
        var others = await Task.WhenAll(Enumerable.Range(0, 12).Select(call => cluster.CallAsync(call % 2, "hello", """["you"]""")));
        Assert.All(others, answer => Assert.Equal((200, """["hello you"]"""), answer));
        Assert.Single(gate.Runs());
        gate.Open();
        Assert.All(await Task.WhenAll(calls), answer => Assert.Equal(200, answer.Status));
    }

    [Fact]
    public async Task A_job_that_is_canceled_while_it_waits_is_answered_at_once_and_the_others_go_on()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate, multitasking: false);
        var (calls, order) = await CallOneByOneAsync(task, 4);
        using var canceled = await cluster.SendAsync(1, HttpMethod.Put, $"/demo/job/{order[1]}/cancel?access_token=demo-token");
        Assert.Contains("canceled before it ran", (await calls[1]).Body, StringComparison.Ordinal);

        // So is the running one.
        Assert.Equal(order[0], await gate.FirstRunAsync());
        using var stopped = await cluster.SendAsync(1, HttpMethod.Put, $"/demo/job/{order[0]}/cancel?access_token=demo-token");
        Assert.Contains("canceled while it ran", (await calls[0]).Body, StringComparison.Ordinal);
        gate.Open();
        Assert.Equal([200, 200], (await Task.WhenAll(calls[2..])).Select(answer => answer.Status));
        Assert.Equal([order[0], order[2], order[3]], gate.Runs());
    }

    [Fact]
    public async Task A_job_that_waits_on_a_silo_that_stops_keeps_its_place_on_another()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate, multitasking: false);
        var (calls, order) = await CallOneByOneAsync(task, 15);
        await gate.FirstRunAsync();
        await cluster.StopSiloAsync(cluster.Silos[0]);
        await cluster.StopSiloAsync(cluster.Silos[0]);
        gate.Open();
        var answers = await Task.WhenAll(calls);

        // A silo that stops ends the job that it runs, if it runs the first one just then.
        var ended = answers.TakeWhile(answer => answer.Status != 200).Count();
        Assert.InRange(ended, 0, 2);
        Assert.All(answers[ended..], answer => Assert.Equal(200, answer.Status));
        Assert.Equal(order, gate.Runs());
        Assert.False(File.Exists(gate.Overlaps));
        await cluster.StartSiloAsync();
        await cluster.StartSiloAsync();
    }

    /// <summary>The calls, and the ids of their jobs in the order in which they were made.</summary>
    private async Task<(Task<(int Status, string Body)>[] Calls, string[] Order)> CallOneByOneAsync(string task, int count)
    {
        var calls = new Task<(int, string)>[count];
        for (var call = 0; call < count; call++)
        {
            calls[call] = cluster.CallAsync(call % 2, task);
            await Eventually.TrueAsync(async () => (await QueueAsync(task)).Length == call + 1, "the job is in the task's queue");
        }

        return (calls, await QueueAsync(task));
    }

    private async Task<string[]> QueueAsync(string task)
    {
        var silo = cluster.Silos[^1].ServiceProvider;
        var queue = silo.GetRequiredService<IGrainFactory>().GetGrain<ITaskQueueGrain>(TaskKey.Of("demo", task));
        var state = new GrainState<TaskQueue?>();
        await silo.GetRequiredKeyedService<IGrainStorage>(StorageNames.Jobs).ReadStateAsync("line", queue.GetGrainId(), state);
        return state.State?.Jobs ?? [];
    }
}
