using SyncCluster.Harness;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Tasks;

/// <summary>Jobs of a task that their gateway has not read for the call.</summary>
[Collection(JobCluster.Name)]
public sealed class TaskRevisionTests(JobCluster cluster)
{
    private const int Jobs = 20;

    public static TheoryData<string> Changes => ["update", "secret", "put", "delete", "delete and put"];

    [Fact]
    public async Task A_job_of_the_task_as_it_is_goes_on()
    {
        var task = await PutAsync();

        await Task.WhenAll(NewJobs(task).Select(job => AssertGoesOnAsync(job, task)));
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task No_job_is_made_of_a_task_that_has_changed(string change)
    {
        var task = await PutAsync();
        await SubmitAsync(NewJobs(task), task);
        await ChangeAsync(task, change);
        var jobs = NewJobs(task);

        Assert.All(await SubmitAsync(jobs, task), reply => Assert.IsType<JobReply.TaskChanged>(reply));
        Assert.All(await Task.WhenAll(jobs.Select(job => job.StoredAsync())), Assert.Null);
        Assert.All(jobs, job => Assert.Empty(job.Executor.Attempts));

        // Once the gateway has read the task, under the same ids.
        Assert.All(await Task.WhenAll(jobs.Select(job => job.TrySubmitAsync())), reply => Assert.IsType<JobReply.Pending>(reply));
    }

    [Fact]
    public async Task No_job_is_made_of_a_task_that_has_changed_after_its_grain_has_left_its_silo()
    {
        var task = await PutAsync();
        await Task.WhenAll(NewJobs(task).Select(job => AssertGoesOnAsync(job, task)));
        await cluster.DeactivateAsync(GrainOf(task));
        await ChangeAsync(task, "update");

        Assert.All(await SubmitAsync(NewJobs(task), task), reply => Assert.IsType<JobReply.TaskChanged>(reply));
    }

    [Fact]
    public async Task A_task_that_was_out_of_memory_has_the_revision_that_is_stored()
    {
        var task = await PutAsync();
        await cluster.DeactivateAsync(GrainOf(task));

        await Task.WhenAll(NewJobs(task).Select(job => AssertGoesOnAsync(job, task)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_try_whose_reply_was_lost_has_created_the_job_though_the_task_has_changed_since(bool hasKey)
    {
        var task = await PutAsync();
        var spec = NewJob(task).Spec with { CreatedAt = DateTimeOffset.UnixEpoch.AddHours(1) };
        var job = cluster.NewJob(_ => hasKey ? spec with { Fingerprint = "call"u8.ToArray() } : spec);
        await AssertGoesOnAsync(job, task);
        await ChangeAsync(task, "delete");

        Assert.IsType<JobReply.Pending>(await SubmitAsync(job, task));
        await cluster.DeactivateAsync(job.Grain);
        Assert.IsType<JobReply.Pending>(await SubmitAsync(job, task));
    }

    [Fact]
    public async Task An_earlier_call_with_the_same_key_does_not_admit_a_repeat_once_the_task_has_changed()
    {
        var task = await PutAsync();
        var first = cluster.NewJob(spec => spec with { TaskId = task.Id, Fingerprint = "call"u8.ToArray() });
        await AssertGoesOnAsync(first, task);
        await ChangeAsync(task, "update");

        var repeat = first.Spec with { CreatedAt = first.Spec.CreatedAt.AddSeconds(1) };
        Assert.IsType<JobReply.TaskChanged>(
            await first.Grain.SubmitIfCurrent(repeat, first.Observer().Subscription(1), TestJob.Valid, task.Revision!.Value));
    }

    [Fact]
    public async Task What_an_earlier_try_has_done_is_not_known_while_storage_is_away()
    {
        var task = await PutAsync();
        await ChangeAsync(task, "update");
        var job = NewJob(task);
        job.Storage.AllReadsFail = true;

        Assert.IsType<JobReply.Unavailable>(await SubmitAsync(job, task));
        job.Storage.AllReadsFail = false;
        Assert.IsType<JobReply.TaskChanged>(await SubmitAsync(job, task));
    }

    private static Task<JobReply> SubmitAsync(TestJob job, TaskDefinition task) =>
        job.Grain.SubmitIfCurrent(job.Spec, job.Observer().Subscription(1), TestJob.Valid, task.Revision!.Value);

    private static Task<JobReply[]> SubmitAsync(IEnumerable<TestJob> jobs, TaskDefinition task) => Task.WhenAll(jobs.Select(job => SubmitAsync(job, task)));

    /// <summary>A silo that hears nothing of the task for 1.5 s takes it for a changed one. Then gateways call again, and so does this.</summary>
    private static async Task AssertGoesOnAsync(TestJob job, TaskDefinition task)
    {
        JobReply? reply = null;
        await Eventually.TrueAsync(
            async () => (reply = await SubmitAsync(job, task)) is not JobReply.TaskChanged, "the silo knows that the task is as it was");
        Assert.IsType<JobReply.Pending>(reply);
    }

    private ITaskGrain GrainOf(TaskDefinition task) => cluster.Grains.GetGrain<ITaskGrain>(TaskKey.Of(task.Customer, task.Id));

    private TestJob NewJob(TaskDefinition task) => cluster.NewJob(spec => spec with { TaskId = task.Id });

    /// <summary>Jobs of which each silo owns some, and not only the one that has the task's grain.</summary>
    private TestJob[] NewJobs(TaskDefinition task)
    {
        var jobs = new List<TestJob>();
        while (jobs.Count < Jobs || jobs.Select(job => cluster.OwnerOf(job)).Distinct().Count() < cluster.Silos.Count)
        {
            jobs.Add(NewJob(task));
        }

        return [.. jobs];
    }

    private async Task<TaskDefinition> PutAsync()
    {
        var task = new TaskDefinition { Id = Guid.NewGuid().ToString("N"), Customer = "demo", Name = "Greet", Type = TaskType.Script };
        await GrainOf(task).Put(task, []);
        return (await GrainOf(task).Get())!;
    }

    private async Task ChangeAsync(TaskDefinition task, string change)
    {
        var grain = GrainOf(task);
        if (change.StartsWith("delete", StringComparison.Ordinal))
        {
            await grain.Delete();
        }

        switch (change)
        {
            case "update":
                await grain.Update(task with { Acl = ["somebody@example.com"] }, []);
                break;
            case "secret":
                await grain.RenewSecret([1]);
                break;
            case "put" or "delete and put":
                await grain.Put(task, []);
                break;
        }
    }
}
