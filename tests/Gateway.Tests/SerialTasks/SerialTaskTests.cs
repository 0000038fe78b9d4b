using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using SyncCluster.Gateway.Tests.Clustering;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.SerialTasks;
using SyncCluster.Storage;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Tests.SerialTasks;

/// <summary>Tasks with <c>multitasking:false</c> in a cluster of three silos with four workers each.</summary>
public sealed class SerialTaskTests(TestCluster cluster) : IClassFixture<TestCluster>
{
    [Fact]
    public async Task One_job_at_a_time_runs_in_the_whole_cluster()
    {
        var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate, multitasking: false);
        gate.Open();
        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(call => cluster.CallAsync(call % 2, task)));
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(gate.Runs().Select(run => $"""["{run}"]""").Order(), answers.Select(answer => answer.Body).Order());
        Assert.Equal(30, gate.Runs().Distinct().Count());
        Assert.False(File.Exists(gate.Overlaps));
        Assert.Empty(await LineAsync(task));
    }

    [Fact]
    public async Task Jobs_of_other_tasks_do_run_at_once()
    {
        var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate);
        var calls = Enumerable.Range(0, 4).Select(call => cluster.CallAsync(call % 2, task)).ToArray();
        await TestServer.UntilAsync(() => gate.Runs().Length == 4);
        Assert.True(File.Exists(gate.Overlaps));
        gate.Open();
        await Task.WhenAll(calls);
    }

    [Fact]
    public async Task They_run_in_the_order_of_the_calls()
    {
        var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate, multitasking: false);
        var (calls, order) = await CallOneByOneAsync(task, 12);
        gate.Open();
        await Task.WhenAll(calls);
        Assert.Equal(order, gate.Runs());
    }

    [Fact]
    public async Task Who_waits_for_its_turn_keeps_no_other_task_from_running()
    {
        var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate, multitasking: false);
        var calls = Enumerable.Range(0, 40).Select(call => cluster.CallAsync(call % 2, task)).ToArray();
        await UntilAsync(async () => (await LineAsync(task)).Length == calls.Length);
        await gate.FirstRunAsync();
        var others = await Task.WhenAll(Enumerable.Range(0, 12).Select(call => cluster.CallAsync(call % 2, "hello", """["you"]""")));
        Assert.All(others, answer => Assert.Equal((200, """["hello you"]"""), answer));
        Assert.Single(gate.Runs());
        gate.Open();
        Assert.All(await Task.WhenAll(calls), answer => Assert.Equal(200, answer.Status));
    }

    [Fact]
    public async Task Who_is_canceled_while_it_waits_is_answered_at_once_and_the_others_go_on()
    {
        var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate, multitasking: false);
        var (calls, order) = await CallOneByOneAsync(task, 4);
        using var canceled = await cluster.SendAsync(1, HttpMethod.Put, $"/demo/job/{order[1]}/cancel?access_token=demo-token");
        Assert.Contains("canceled before it ran", (await calls[1]).Body, StringComparison.Ordinal);

        // The running one, as well.
        using var stopped = await cluster.SendAsync(1, HttpMethod.Put, $"/demo/job/{order[0]}/cancel?access_token=demo-token");
        Assert.Contains("canceled while it ran", (await calls[0]).Body, StringComparison.Ordinal);
        gate.Open();
        Assert.Equal([200, 200], (await Task.WhenAll(calls[2..])).Select(answer => answer.Status));
        Assert.Equal([order[0], order[2], order[3]], gate.Runs());
    }

    [Fact]
    public async Task Who_waits_on_a_silo_that_stops_keeps_its_place_elsewhere()
    {
        var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate, multitasking: false);
        var (calls, order) = await CallOneByOneAsync(task, 15);
        await gate.FirstRunAsync();
        await cluster.StopSiloAsync(cluster.Silos[0]);
        await cluster.StopSiloAsync(cluster.Silos[0]);
        gate.Open();
        var answers = await Task.WhenAll(calls);

        // Each silo that stops ends the one that it runs, if it has the turn just then.
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
            await UntilAsync(async () => (await LineAsync(task)).Length == call + 1);
        }

        return (calls, await LineAsync(task));
    }

    private async Task<string[]> LineAsync(string task)
    {
        WebApplication silo = cluster.Silos[^1];
        var line = silo.Services.GetRequiredService<IGrainFactory>().GetGrain<ITaskQueueGrain>(TaskKey.Of("demo", task));
        var state = new GrainState<TaskQueue?>();
        await silo.Services.GetRequiredKeyedService<IGrainStorage>(StorageNames.Jobs).ReadStateAsync("line", line.GetGrainId(), state);
        return state.State?.Jobs ?? [];
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!await condition())
        {
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }
}
