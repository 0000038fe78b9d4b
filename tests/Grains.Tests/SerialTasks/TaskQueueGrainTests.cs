using Orleans.Storage;
using SyncCluster.Execution;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using SyncCluster.SerialTasks;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.SerialTasks;

/// <summary>
/// The queue of a task that runs one job at a time: which job is first, whatever storage and messages do. On TestingHost: jobs and queue are grains
/// on any of three silos, and a lost silo is one that their executor calls lost.
/// </summary>
[Collection(JobCluster.Name)]
public sealed class TaskQueueGrainTests(JobCluster cluster)
{
    private readonly string _task = Guid.NewGuid().ToString("N");

    private ITaskQueueGrain Queue => cluster.Grains.GetGrain<ITaskQueueGrain>(TaskKey.Of("demo", _task));

    private FaultyStorage.Faults Storage => cluster.Storage.Of(Queue.GetGrainId());

    [Fact]
    public async Task Jobs_have_their_turn_in_the_order_of_their_arrival()
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
    public async Task A_job_that_was_canceled_before_its_turn_leaves_the_queue()
    {
        var (one, two, three) = (await SubmitAsync(), await SubmitAsync(), await SubmitAsync());
        await EnterAsync(one);
        await EnterAsync(two);
        await EnterAsync(three);
        Assert.Equal(Cancellation.Accepted, await two.Grain.Cancel());
        await Eventually.TrueAsync(async () => (await StoredAsync()).Jobs.Length == 2, "the canceled job has left the queue");
        Assert.Contains(two.Spec.JobId, (await Queue.Wait([two.Spec.JobId, three.Spec.JobId], cluster.RunnerAddress))!.Ended);
        Assert.Equal(Cancellation.Accepted, await one.Grain.Terminate());
        await FirstIsAsync(three);
    }

    [Fact]
    public async Task A_first_job_whose_end_was_not_reported_to_the_queue_leaves_it()
    {
        var (one, two) = (await SubmitAsync(), await SubmitAsync());
        await EnterAsync(one);
        await EnterAsync(two);

        // As another silo would have ended it, whose message was lost.
        await one.EndBehindTheGrainAsync();
        await cluster.DeactivateAsync(one.Grain);
        await FirstIsAsync(two);
    }

    [Fact]
    public async Task A_first_job_that_is_lost_with_its_silo_is_ended_and_leaves_the_queue()
    {
        var (one, two) = (await SubmitAsync(), await SubmitAsync());
        await EnterAsync(one);
        await EnterAsync(two);
        await one.RunAsync();
        one.Executor.Resume = _ => Task.FromResult<Resumption>(new Resumption.End(ServerOutcomes.LostWithItsRunner()));
        await cluster.DeactivateAsync(one.Grain);
        await FirstIsAsync(two);
        Assert.Equal(Lifecycle.Terminated, (await one.StoredAsync())!.Lifecycle);
    }

    [Fact]
    public async Task A_first_job_that_is_not_stored_any_more_leaves_the_queue()
    {
        var (gone, two) = (NewJob(), await SubmitAsync());
        Assert.Equal(gone.Spec.JobId, await EnterAsync(gone));
        await EnterAsync(two);
        await FirstIsAsync(two);
    }

    [Fact]
    public async Task A_first_job_that_cannot_be_read_keeps_its_place()
    {
        var (one, two) = (await SubmitAsync(), await SubmitAsync());
        await EnterAsync(one);
        await one.EndBehindTheGrainAsync();
        await cluster.DeactivateAsync(one.Grain);
        await cluster.DeactivateAsync(Queue);
        one.Storage.AllReadsFail = true;
        Assert.Equal(one.Spec.JobId, await EnterAsync(two));
        one.Storage.AllReadsFail = false;
        await FirstIsAsync(two);
    }

    [Fact]
    public async Task The_queue_outlives_its_activation()
    {
        var (one, two) = (await SubmitAsync(), await SubmitAsync());
        await EnterAsync(one);
        await EnterAsync(two);
        await cluster.DeactivateAsync(Queue);
        Assert.Equal(one.Spec.JobId, await EnterAsync(two));
    }

    [Theory]
    [InlineData(WriteFault.Before)]
    [InlineData(WriteFault.After)]
    [InlineData(WriteFault.Before, WriteFault.After)]
    public async Task A_write_that_fails_does_not_change_the_order(params WriteFault[] faults)
    {
        var (one, two) = (await SubmitAsync(), await SubmitAsync());
        Storage.NextWrites(faults);
        Assert.Equal(one.Spec.JobId, await EnterAsync(one));
        Storage.NextWrites(faults);
        Assert.Equal(one.Spec.JobId, await EnterAsync(two));
        Assert.Equal([one.Spec.JobId, two.Spec.JobId], (await StoredAsync()).Jobs);
    }

    [Fact]
    public async Task Without_storage_no_job_is_first()
    {
        var (one, two) = (await SubmitAsync(), await SubmitAsync());
        Storage.AllWritesFail = true;
        Assert.Null(await Queue.Enter(one.Spec.JobId, cluster.RunnerAddress));
        Storage.AllWritesFail = false;
        Storage.AllReadsFail = true;
        Assert.Null(await Queue.Enter(one.Spec.JobId, cluster.RunnerAddress));
        Storage.AllReadsFail = false;
        Assert.Equal(two.Spec.JobId, await EnterAsync(two));

        // Its silo says from time to time that it waits.
        Assert.Equal(two.Spec.JobId, (await Queue.Wait([one.Spec.JobId], cluster.RunnerAddress))!.First);
        Assert.Equal([two.Spec.JobId, one.Spec.JobId], (await StoredAsync()).Jobs);
    }

    [Fact]
    public async Task An_activation_whose_memory_is_old_keeps_the_stored_order()
    {
        var (one, two) = (await SubmitAsync(), await SubmitAsync());
        await EnterAsync(one);
        await one.FinishAsync();
        await Eventually.TrueAsync(async () => (await StoredAsync()).Jobs.Length == 0, "the finished job has left the queue");

        // Another activation has added a job meanwhile.
        var other = await SubmitAsync();
        await PutAsync(new TaskQueue { Jobs = [other.Spec.JobId] });
        Assert.Equal(other.Spec.JobId, await EnterAsync(two));
        Assert.Equal([other.Spec.JobId, two.Spec.JobId], (await StoredAsync()).Jobs);
    }

    private TestJob NewJob() => cluster.NewJob(spec => spec with { TaskId = _task, RunsSerially = true });

    private async Task<TestJob> SubmitAsync()
    {
        var job = NewJob();
        await job.SubmitAsync();
        return job;
    }

    private async Task<string?> EnterAsync(TestJob job) => (await Queue.Enter(job.Spec.JobId, cluster.RunnerAddress))!.First;

    /// <summary>Waits until the queue says that it is the job's turn.</summary>
    private async Task FirstIsAsync(TestJob job)
    {
        var waiting = (await StoredAsync()).Jobs[1..];
        await Eventually.TrueAsync(
            async () => (await Queue.Wait(waiting, cluster.RunnerAddress))!.First == job.Spec.JobId, "it is the job's turn");
    }

    private async Task<TaskQueue> StoredAsync() => (await StateAsync()).State ?? new TaskQueue();

    private async Task PutAsync(TaskQueue queue)
    {
        var state = await StateAsync();
        state.State = queue;
        await ((IGrainStorage)cluster.Storage).WriteStateAsync("line", Queue.GetGrainId(), state);
    }

    private async Task<GrainState<TaskQueue?>> StateAsync()
    {
        var state = new GrainState<TaskQueue?>();
        await ((IGrainStorage)cluster.Storage).ReadStateAsync("line", Queue.GetGrainId(), state);
        return state;
    }
}
