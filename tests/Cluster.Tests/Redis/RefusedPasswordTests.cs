using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Redis;

/// <summary>The Redis wants a password that the server does not have.</summary>
public sealed class RefusedPasswordTests : IAsyncLifetime
{
    private readonly DemoCluster _cluster = new();

    public Task InitializeAsync() => ClusterFactAttribute.SkipReason is null ? _cluster.Redis.StartAsync() : Task.CompletedTask;

    public Task DisposeAsync() => _cluster.DisposeAsync().AsTask();

    [ClusterTheory]
    [InlineData("The silo", "", "wants a password: add `password=…` to Cluster:Redis.")]
    [InlineData("The silo", ",password=wrong-secret", "refuses the password in Cluster:Redis, or its user.")]
    [InlineData("The server", ",user=nobody,password=wrong-secret", "refuses the password in Cluster:Redis, or its user.")]
    public async Task A_server_says_so_in_a_sentence_and_does_not_start(string server, string credentials, string message)
    {
        await _cluster.Redis.RequirePasswordAsync("right-secret");
        var program = server == "The silo" ? ServerPrograms.Silo : ServerPrograms.Gateway;
        var (exitCode, output) = await _cluster.RunAsync(
            [.. program, ServerPrograms.AnyPort, $"--Cluster:Redis={_cluster.Redis.Endpoint}{credentials}"]);
        Assert.Equal((1, $"{server} can't start: The Redis at {_cluster.Redis.Endpoint} {message}"), (exitCode, output.Split('\n')[^1]));
        Assert.DoesNotContain("secret", output, StringComparison.Ordinal);
    }

    [ClusterFact]
    public async Task A_server_that_runs_logs_it()
    {
        var silo = _cluster.NewSilo("silo");
        await silo.StartAsync();
        await _cluster.Redis.RequirePasswordAsync("right-secret");
        await _cluster.Redis.DisconnectOthersAsync();
        await Eventually.TrueAsync(
            () => silo.Lines.Any(line => line.Text.Contains("wants a password: add `password=…` to Cluster:Redis.", StringComparison.Ordinal)),
            "the silo's log says it");
    }
}
