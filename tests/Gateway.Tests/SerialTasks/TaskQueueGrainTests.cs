using Orleans.Storage;
using SyncCluster.Execution;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Gateway.Tests.Waiting;
using SyncCluster.Jobs;
using SyncCluster.SerialTasks;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Tests.SerialTasks;

/// <summary>The line of a task that runs one job at a time: who is first, whatever storage and messages do.</summary>
public sealed class TaskQueueGrainTests(JobCluster cluster) : IClassFixture<JobCluster>
{
    private readonly string _task = Guid.NewGuid().ToString("N");

    private ITaskQueueGrain Line => cluster.Grains.GetGrain<ITaskQueueGrain>(TaskKey.Of("demo", _task));

    private FaultyStorage.Faults Storage => cluster.Storage.Of(Line.GetGrainId());

    [Fact]
    public async Task Jobs_come_in_the_order_of_their_arrival()
    {
        var (one, two, three) = (await SubmitAsync(), await SubmitAsync(), await SubmitAsync());
        Assert.Equal(one.Spec.JobId, await EnterAsync(one));
        Assert.Equal(one.Spec.JobId, await EnterAsync(two));
        Assert.Equal(one.Spec.JobId, await EnterAsync(three));
        Assert.Equal([one.Spec.JobId, two.Spec.JobId, three.Spec.JobId], (await StoredAsync()).Jobs);
        await one.FinishAsync();
        await FirstIsAsync(two);
        await two.FinishAsync();
        await FirstIsAsync(three);
    }

    [Fact]
    public async Task A_job_that_is_taken_over_keeps_its_place()
    {
        var (one, two, three) = (await SubmitAsync(), await SubmitAsync(), await SubmitAsync());
        await EnterAsync(one);
        await EnterAsync(two);
        await EnterAsync(three);
        Assert.Equal(one.Spec.JobId, await EnterAsync(two));
        Assert.Equal([one.Spec.JobId, two.Spec.JobId, three.Spec.JobId], (await StoredAsync()).Jobs);
    }

    [Fact]
    public async Task A_job_that_was_canceled_before_its_turn_leaves_the_line()
    {
        var (one, two, three) = (await SubmitAsync(), await SubmitAsync(), await SubmitAsync());
        await EnterAsync(one);
        await EnterAsync(two);
        await EnterAsync(three);
        Assert.Equal(Cancellation.Accepted, await two.Grain.Cancel());
        await TestServer.UntilAsync(() => StoredAsync().Result.Jobs.Length == 2);
        Assert.Contains(two.Spec.JobId, (await Line.Wait([two.Spec.JobId, three.Spec.JobId], cluster.Executor.Address))!.Ended);
        Assert.Equal(Cancellation.Accepted, await one.Grain.Terminate());
        await FirstIsAsync(three);
    }

    [Fact]
    public async Task A_first_one_whose_end_the_line_was_not_told_of_makes_way()
    {
        var (one, two) = (await SubmitAsync(), await SubmitAsync());
        await EnterAsync(one);
        await EnterAsync(two);

        // As another silo would have ended it, whose message was lost.
        await one.EndBehindTheGrainAsync();
        await cluster.ForgetAsync(one.Grain);
        await FirstIsAsync(two);
    }

    [Fact]
    public async Task A_first_one_that_is_lost_with_its_silo_is_ended_and_makes_way()
    {
        var (one, two) = (await SubmitAsync(), await SubmitAsync());
        await EnterAsync(one);
        await EnterAsync(two);
        await one.RunAsync();
        one.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.End(ServerOutcomes.LostWithItsRunner()));
        await cluster.ForgetAsync(one.Grain);
        await FirstIsAsync(two);
        Assert.Equal(Lifecycle.Terminated, (await one.StoredAsync())!.Lifecycle);
    }

    [Fact]
    public async Task A_first_one_that_is_not_stored_any_more_makes_way()
    {
        var (gone, two) = (cluster.NewJob("demo", _task, oneAtATime: true), await SubmitAsync());
        await EnterAsync(gone);
        Assert.Equal(gone.Spec.JobId, await EnterAsync(two));
        await FirstIsAsync(two);
    }

    [Fact]
    public async Task A_first_one_of_which_nothing_is_known_keeps_its_place()
    {
        var (one, two) = (await SubmitAsync(), await SubmitAsync());
        await EnterAsync(one);
        await one.EndBehindTheGrainAsync();
        await cluster.ForgetAsync(one.Grain);
        await cluster.ForgetAsync(Line);
        one.Storage.AllReadsFail = true;
        Assert.Equal(one.Spec.JobId, await EnterAsync(two));
        one.Storage.AllReadsFail = false;
        await FirstIsAsync(two);
    }

    [Fact]
    public async Task The_line_outlives_its_silo()
    {
        var (one, two) = (await SubmitAsync(), await SubmitAsync());
        await EnterAsync(one);
        await EnterAsync(two);
        await cluster.ForgetAsync(Line);
        Assert.Equal(one.Spec.JobId, await EnterAsync(two));
    }

    [Theory]
    [InlineData(Fault.Before)]
    [InlineData(Fault.After)]
    [InlineData(Fault.Before, Fault.After)]
    public async Task A_write_that_fails_changes_no_order(params Fault[] faults)
    {
        var (one, two) = (await SubmitAsync(), await SubmitAsync());
        Storage.NextWrites(faults);
        Assert.Equal(one.Spec.JobId, await EnterAsync(one));
        Storage.NextWrites(faults);
        Assert.Equal(one.Spec.JobId, await EnterAsync(two));
        Assert.Equal([one.Spec.JobId, two.Spec.JobId], (await StoredAsync()).Jobs);
    }

    [Fact]
    public async Task Without_storage_nobody_is_first()
    {
        var (one, two) = (await SubmitAsync(), await SubmitAsync());
        Storage.AllWritesFail = true;
        Assert.Null(await Line.Enter(one.Spec.JobId, cluster.Executor.Address));
        Storage.AllWritesFail = false;
        Storage.AllReadsFail = true;
        Assert.Null(await Line.Enter(one.Spec.JobId, cluster.Executor.Address));
        Storage.AllReadsFail = false;
        Assert.Equal(two.Spec.JobId, await EnterAsync(two));

        // It says from time to time that it waits.
        Assert.Equal(two.Spec.JobId, (await Line.Wait([one.Spec.JobId], cluster.Executor.Address))!.First);
        Assert.Equal([two.Spec.JobId, one.Spec.JobId], (await StoredAsync()).Jobs);
    }

    [Fact]
    public async Task An_activation_whose_memory_is_old_lets_nobody_pass()
    {
        var (one, two) = (await SubmitAsync(), await SubmitAsync());
        await EnterAsync(one);
        await one.FinishAsync();
        await TestServer.UntilAsync(() => StoredAsync().Result.Jobs.Length == 0);

        // Another activation has let somebody else in meanwhile.
        var other = await SubmitAsync();
        await PutAsync(new TaskQueue { Jobs = [other.Spec.JobId] });
        Assert.Equal(other.Spec.JobId, await EnterAsync(two));
        Assert.Equal([other.Spec.JobId, two.Spec.JobId], (await StoredAsync()).Jobs);
    }

    private async Task<TestJob> SubmitAsync()
    {
        var job = cluster.NewJob("demo", _task, oneAtATime: true);
        await job.SubmitAsync();
        return job;
    }

    private async Task<string?> EnterAsync(TestJob job) => (await Line.Enter(job.Spec.JobId, cluster.Executor.Address))!.First;

    /// <summary>Waits until the line says that it is the job's turn.</summary>
    private async Task FirstIsAsync(TestJob job)
    {
        using var limit = new CancellationTokenSource(JobCluster.Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var waiting = (await StoredAsync()).Jobs[1..];
        while ((await Line.Wait(waiting, cluster.Executor.Address))!.First != job.Spec.JobId)
        {
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }

    private async Task<TaskQueue> StoredAsync() => (await StateAsync()).State ?? new TaskQueue();

    private async Task PutAsync(TaskQueue line)
    {
        var state = await StateAsync();
        state.State = line;
        await ((IGrainStorage)cluster.Storage).WriteStateAsync("line", Line.GetGrainId(), state);
    }

    private async Task<GrainState<TaskQueue?>> StateAsync()
    {
        var state = new GrainState<TaskQueue?>();
        await ((IGrainStorage)cluster.Storage).ReadStateAsync("line", Line.GetGrainId(), state);
        return state;
    }
}
