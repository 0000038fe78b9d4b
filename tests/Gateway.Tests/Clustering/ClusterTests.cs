using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Harness;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>
/// A call at one gateway, its job on any silo, and callers that wait at another gateway. Silos of TestingHost; the gateways are real hosts, since
/// each is a client of its own and is called over HTTP.
/// </summary>
[Collection(TestingHostCollection.Name)]
public sealed class ClusterTests(TestingHostCluster cluster)
{
    [Fact]
    public async Task A_call_at_any_gateway_is_answered()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(call => cluster.CallAsync(call % 2, "hello", $"""["{call}"]""")));
        Assert.All(answers.Index(), answer => Assert.Equal((200, $"""["hello {answer.Index}"]"""), answer.Item));
    }

    [Fact, Trait(WaitingRules.Trait, "I1")]
    public async Task A_job_called_at_one_gateway_answers_callers_at_another_and_every_silo_has_it()
    {
        using var gate = cluster.NewGate();
        var called = cluster.CallAsync(0, await cluster.GatedTaskAsync(gate));
        var jobId = await gate.FirstRunAsync();
        var attached = Enumerable.Range(0, 10).Select(waiter => cluster.AttachAsync(waiter % 2, jobId)).ToArray();
        await Eventually.TrueAsync(() => cluster.Hub(0).Waiters == 6 && cluster.Hub(1).Waiters == 5, "all callers wait");
        gate.Open();

        var answer = await called;
        Assert.Equal((200, $"""["{jobId}"]"""), answer);
        Assert.All(await Task.WhenAll(attached), other => Assert.Equal(answer, other));
        foreach (var silo in cluster.Silos)
        {
            var grain = silo.ServiceProvider.GetRequiredService<IGrainFactory>().GetGrain<IJobGrain>(JobKey.Of("demo", jobId));
            var finished = Assert.IsType<JobReply.Finished>(await grain.Attach(null, Reading.Cached));
            Assert.Contains(jobId, Encoding.UTF8.GetString(finished.Job.Document), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_task_that_was_updated_at_one_gateway_is_the_new_one_at_the_next_call_of_any()
    {
        var task = await cluster.ImportAsync("""echo '["0"]'""");
        for (var version = 1; version <= 6; version++)
        {
            await cluster.UpdateAsync(version % 2, task, $"""echo '["{version}"]'""");
            var answers = await Task.WhenAll(cluster.CallAsync(0, task), cluster.CallAsync(1, task));
            Assert.All(answers, answer => Assert.Equal((200, $"""["{version}"]"""), answer));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_task_that_was_deleted_or_closed_at_one_gateway_runs_for_no_later_call_of_any(bool isDeleted)
    {
        using var gate = cluster.NewGate();
        gate.Open();
        for (var round = 1; round <= 6; round++)
        {
            var task = await cluster.GatedTaskAsync(gate);
            Assert.All(await Task.WhenAll(cluster.CallAsync(0, task), cluster.CallAsync(1, task)), answer => Assert.Equal(200, answer.Status));
            await (isDeleted
                ? cluster.DeleteAsync(round % 2, task)
                : cluster.UpdateWithAsync(round % 2, task, """{"task":{"name":"closed","type":"dummy","acl":["nobody@example.com"]}}"""));

            // So many that each silo owns some of their jobs.
            var late = await Task.WhenAll(Enumerable.Range(0, 20).Select(call => cluster.CallAsync(call % 2, task)));
            Assert.All(late, answer => Assert.Equal(isDeleted ? 404 : 403, answer.Status));
            Assert.Equal(2 * round, gate.Runs().Length);
        }
    }

    [Fact]
    public async Task A_task_that_was_opened_at_one_gateway_runs_for_the_next_call_of_any()
    {
        const string Closed = """{"task":{"name":"closed","type":"dummy","acl":["somebody@example.com"]}}""";
        const string Open = """{"task":{"name":"open","type":"dummy","task_arguments":[{"order":0}]}}""";
        var task = await cluster.ImportAsync("""echo '["script"]'""");
        for (var round = 0; round < 4; round++)
        {
            await cluster.UpdateWithAsync(round % 2, task, Closed);
            var refused = await Task.WhenAll(cluster.CallAsync(0, task), cluster.CallAsync(1, task));
            Assert.All(refused, answer => Assert.Equal(403, answer.Status));
            await cluster.UpdateWithAsync(round % 2, task, Open);
            var taken = await Task.WhenAll(cluster.CallAsync(0, task, """["x"]"""), cluster.CallAsync(1, task, """["x"]"""));
            Assert.All(taken, answer => Assert.Equal((200, """["x"]"""), answer));
        }
    }

    [Fact]
    public async Task A_cancel_at_one_gateway_answers_a_caller_at_another()
    {
        using var gate = cluster.NewGate();
        var called = cluster.CallAsync(0, await cluster.GatedTaskAsync(gate));
        var jobId = await gate.FirstRunAsync();
        using var canceled = await cluster.SendAsync(1, HttpMethod.Put, $"/demo/job/{jobId}/cancel?access_token=demo-token");
        Assert.Equal(HttpStatusCode.NoContent, canceled.StatusCode);
        var (status, body) = await called;
        Assert.Equal(500, status);
        Assert.Contains("The job was canceled while it ran.", body, StringComparison.Ordinal);
    }
}
