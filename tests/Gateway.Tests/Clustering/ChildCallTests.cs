using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Tests.Api.Polling;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>Scripts that call tasks and wait for them, in a cluster of three silos with four workers each. Silos of TestingHost, real scripts.</summary>
[Collection(TestingHostCollection.Name)]
public sealed class ChildCallTests(TestingHostCluster cluster)
{
    [CurlFact]
    public async Task Scripts_on_all_workers_of_all_silos_get_the_answers_that_they_wait_for()
    {
        var task = await cluster.ImportAsync($"""
            curl -sS --max-time 50 -H "Parent-Job: $SYNCCLUSTER_JOB_TOKEN" -H "Content-Type: application/json" -d '["child"]' \
                "{cluster.Gateway(1)}demo/task/hello/job?access_token={DemoMode.UserToken}"
            """);
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(call => cluster.CallAsync(call % 2, task)));
        Assert.All(answers, answer => Assert.Equal((200, """["hello child"]"""), answer));
    }
}
