using SyncCluster.Harness;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>Calls of a task that their gateway has read for an earlier call.</summary>
public sealed class KnownTaskTests(CountingCluster cluster) : IClassFixture<CountingCluster>
{
    private const int Calls = 100;

    [Fact]
    public async Task Calls_of_a_task_that_has_not_changed_do_not_read_it()
    {
        await Eventually.TrueAsync(
            async () =>
            {
                cluster.Forget();
                await Task.WhenAll(Enumerable.Range(0, Calls).Select(call => cluster.CallAsync(call % 2, "echo", """["a","b"]""")));
                return cluster.TaskReads == 0;
            },
            "all silos have opened their doors");
        Assert.Equal(Calls, cluster.Submits.DistinctBy(submit => submit.Job).Count());
    }

    [Fact]
    public async Task A_call_of_a_task_that_has_changed_is_submitted_again_under_its_id()
    {
        var task = await NewKnownTaskAsync();
        await cluster.UpdateAsync(1, task, """echo '["new"]'""");

        Assert.Equal((200, """["new"]"""), await cluster.CallAsync(0, task));
        Assert.Equal([nameof(IJobGrain.SubmitIfCurrent), nameof(IJobGrain.Submit)], cluster.Submits.Select(submit => submit.Method).Distinct());
        Assert.Single(cluster.Submits.Select(submit => submit.Job).Distinct());
    }

    /// <summary>As one of version 0.1 that has just joined.</summary>
    [Fact]
    public async Task A_call_whose_silo_does_not_know_the_question_is_submitted_without_it()
    {
        var task = await NewKnownTaskAsync();
        using var _ = cluster.OnSubmit(method => method == nameof(IJobGrain.SubmitIfCurrent) ? throw new NotSupportedException() : Task.FromResult<JobReply?>(null));

        Assert.Equal((200, """["old"]"""), await cluster.CallAsync(0, task));
        Assert.Equal(nameof(IJobGrain.Submit), cluster.Submits[^1].Method);
        Assert.Single(cluster.Submits.Select(submit => submit.Job).Distinct());
    }

    /// <summary>
    /// The reply is lost on the way through the silo's door; on the other way, which is tried then, as well; and to a silo of version 0.1 on both.
    /// </summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public async Task A_call_that_may_have_started_is_not_said_to_have_failed_when_its_task_is_gone_meanwhile(int lost, bool isOldSilo)
    {
        var task = await NewKnownTaskAsync();
        var (submits, deleted) = (0, new TaskCompletionSource());
        using var _ = cluster.OnSubmit(async method =>
        {
            var submit = Interlocked.Increment(ref submits);
            if (submit == 1)
            {
                await cluster.DeleteAsync(1, task);
                deleted.SetResult();
            }

            await deleted.Task;
            if (submit <= lost)
            {
                throw isOldSilo ? new NotSupportedException("The message is not known.") : new TimeoutException("The reply is lost.");
            }

            return null;
        });

        await AssertNotKnownAsync(task);
        Assert.Equal(404, (await cluster.CallAsync(0, task)).Status);
    }

    [Fact]
    public async Task A_call_that_may_have_started_is_not_said_to_have_been_refused_when_its_task_has_changed_meanwhile()
    {
        var task = await NewKnownTaskAsync();
        await cluster.UpdateAsync(1, task, """echo '["new"]'""");
        var submits = 0;
        using var _ = cluster.OnSubmit(method =>
            method == nameof(IJobGrain.Submit) ? Task.FromResult<JobReply?>(new JobReply.QueueFull())
            : Interlocked.Increment(ref submits) <= 2 ? throw new TimeoutException("The reply is lost.")
            : Task.FromResult<JobReply?>(null));

        await AssertNotKnownAsync(task);
    }

    /// <summary>No silo could say that of the first task, which has not changed.</summary>
    [Fact]
    public async Task A_name_that_another_task_has_as_well_by_now_means_neither()
    {
        var name = Guid.NewGuid().ToString("N");
        await NewKnownTaskAsync();
        await cluster.ImportAsync("""echo '["first"]'""", name: name);
        for (var call = 0; call < 3; call++)
        {
            Assert.Equal((200, """["first"]"""), await cluster.CallAsync(0, name));
        }

        await cluster.ImportAsync("""echo '["second"]'""", name: name);
        Assert.Equal(404, (await cluster.CallAsync(0, name)).Status);
    }

    /// <summary>Calls a task at the first gateway, which must say that it is not known whether the job was started.</summary>
    private async Task AssertNotKnownAsync(string task)
    {
        using var response = await cluster.SendAsync(0, HttpMethod.Post, $"/demo/task/{task}/job?access_token=demo-token", "[]");
        Assert.Equal(503, (int)response.StatusCode);
        Assert.Contains("is not known", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.NotNull(response.Headers.Location);
    }

    /// <summary>A task that the first gateway has read, and whose calls it submits without reading it.</summary>
    private async Task<string> NewKnownTaskAsync()
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
        cluster.Forget();
        return task;
    }
}
