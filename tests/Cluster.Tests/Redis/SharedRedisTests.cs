using System.Text.Json.Nodes;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Redis;

/// <summary>Two clusters of different names have one Redis, and customers of the same name.</summary>
public sealed class SharedRedisTests : IAsyncLifetime
{
    private readonly DemoCluster _cluster = new();

    public Task InitializeAsync() => ClusterFactAttribute.SkipReason is null ? _cluster.Redis.StartAsync() : Task.CompletedTask;

    public Task DisposeAsync() => _cluster.DisposeAsync().AsTask();

    [ClusterFact]
    public async Task A_cluster_neither_sees_nor_touches_the_tasks_and_jobs_of_another_one()
    {
        var production = await StartAsync("production", "report");
        var staging = await StartAsync("staging", "probe");
        var (status, document) = await DemoCluster.SendAsync(production, HttpMethod.Post, "/demo/task/report/job?full", "[]");
        Assert.Equal(200, status);
        var job = (string)JsonNode.Parse(document)!["id"]!;

        Assert.Equal(["probe"], await TasksAsync(staging));
        Assert.Equal(404, (await DemoCluster.SendAsync(staging, HttpMethod.Post, "/demo/task/report/job", "[]")).Status);
        Assert.Equal(404, (await DemoCluster.SendAsync(staging, HttpMethod.Get, $"/demo/job/{job}/result")).Status);
        Assert.Equal(404, (await DemoCluster.SendAsync(staging, HttpMethod.Put, $"/demo/job/{job}/cancel")).Status);
        await DeleteAsync(staging, "report");
        await DeleteAsync(staging, "probe");

        Assert.Equal(["report"], await TasksAsync(production));
        Assert.Equal((200, """["done"]"""), await DemoCluster.SendAsync(production, HttpMethod.Get, $"/demo/job/{job}/result"));

        // One place in Redis is common to all names: where version 0.1 has the membership.
        await Eventually.TrueAsync(
            async () => (await _cluster.Redis.FindKeysAsync("production/stored-bytes/*")).Length > 0, "what production has stored is counted");
        var keys = await _cluster.Redis.FindKeysAsync("*");
        Assert.Equal(
            ["production", "staging", "synccluster/members/production", "synccluster/members/staging"],
            keys.Select(key => key.StartsWith("synccluster/members/", StringComparison.Ordinal) ? key : key.Split('/')[0]).Distinct().Order());
    }

    private static async Task<string[]> TasksAsync(Server gateway)
    {
        var (_, list) = await DemoCluster.SendAsync(gateway, HttpMethod.Get, "/demo/task");
        return [.. JsonNode.Parse(list)!.AsArray().Select(task => (string)task!["id"]!)];
    }

    private static async Task DeleteAsync(Server gateway, string task)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"/demo/task/{task}");
        request.Headers.Add("Authorization", $"Bearer {await DemoCluster.AdminTokenAsync(gateway)}");
        using var response = await gateway.Http.SendAsync(request);
    }

    /// <summary>A cluster of a silo and a gateway with one task.</summary>
    private async Task<Server> StartAsync(string name, string task)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_cluster.Folder, name)).FullName;
        await new DemoTask(task) { Script = "echo '[\"done\"]'" }.WriteAsync(folder);
        var gateway = _cluster.NewGateway($"{name} gateway", $"--Cluster:Name={name}", $"--Demo:Folder={folder}");
        await Task.WhenAll(_cluster.NewSilo($"{name} silo", $"--Cluster:Name={name}").StartAsync(), gateway.StartAsync());
        return gateway;
    }
}
