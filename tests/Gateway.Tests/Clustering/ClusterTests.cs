using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>Any gateway, any silo: what one hears reaches whoever waits at another (rules I1, I7, I9).</summary>
public sealed class ClusterTests(TestCluster cluster) : IClassFixture<TestCluster>
{
    [Fact]
    public async Task A_call_at_any_gateway_is_answered()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(call => cluster.CallAsync(call % 2, "hello", $"""["{call}"]""")));
        Assert.All(answers.Index(), answer => Assert.Equal((200, $"""["hello {answer.Index}"]"""), answer.Item));
    }

    [Fact]
    public async Task A_job_called_at_one_gateway_answers_who_waits_at_another_and_every_silo_knows_it()
    {
        var gate = cluster.NewGate();
        var called = cluster.CallAsync(0, await cluster.GatedTaskAsync(gate));
        var jobId = await gate.FirstRunAsync();
        var attached = Enumerable.Range(0, 10).Select(waiter => cluster.AttachAsync(waiter % 2, jobId)).ToArray();
        await TestServer.UntilAsync(() => cluster.Hub(0).Waiters == 6 && cluster.Hub(1).Waiters == 5);
        gate.Open();

        var answer = await called;
        Assert.Equal((200, $"""["{jobId}"]"""), answer);
        Assert.All(await Task.WhenAll(attached), other => Assert.Equal(answer, other));
        foreach (var silo in cluster.Silos)
        {
            var grain = silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IJobGrain>(JobKey.Of("demo", jobId));
            var finished = Assert.IsType<JobReply.Finished>(await grain.Attach(null, Reading.Cached));
            Assert.Contains(jobId, Encoding.UTF8.GetString(finished.Job.Document), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_cancel_at_one_gateway_answers_who_waits_at_another()
    {
        var gate = cluster.NewGate();
        var called = cluster.CallAsync(0, await cluster.GatedTaskAsync(gate));
        var jobId = await gate.FirstRunAsync();
        using var canceled = await cluster.SendAsync(1, HttpMethod.Put, $"/demo/job/{jobId}/cancel?access_token=demo-token");
        Assert.Equal(HttpStatusCode.NoContent, canceled.StatusCode);
        var (status, body) = await called;
        Assert.Equal(500, status);
        Assert.Contains("The job was canceled while it ran.", body, StringComparison.Ordinal);
    }
}
