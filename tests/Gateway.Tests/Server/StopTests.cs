using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>A server in one process that stops: its jobs end with it, and their waiters are answered.</summary>
public sealed class StopTests
{
    [Fact]
    public async Task Running_and_waiting_jobs_are_answered_with_their_end()
    {
        var server = new SmallServer();
        await server.InitializeAsync();
        try
        {
            var task = await server.ImportAsync("trap '' TERM; while :; do sleep 1; done");
            var calls = new[] { server.CallAsync(task), server.CallAsync(task) };
            var unfinished = server.App.Services.GetRequiredService<ActiveJobs>();
            await TestServer.UntilAsync(() => unfinished.Oldest(3).Select(job => job.Lifecycle).Order().SequenceEqual([Lifecycle.Ready, Lifecycle.Assigned]));
            var stopped = server.App.StopAsync();
            var answers = await Task.WhenAll(calls);
            await stopped;
            Assert.All(answers, answer => Assert.Equal(500, answer.Status));
            Assert.Single(answers, answer => answer.Body.Contains("The server was stopped while the script ran.", StringComparison.Ordinal));
            Assert.Single(answers, answer => answer.Body.Contains("Nothing was run: call the task again.", StringComparison.Ordinal));
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private sealed class SmallServer : TestServer
    {
        // Waits go on until the jobs have ended, however long that takes.
        protected override string[] Settings =>
        [
            "--LocalExecutor:Concurrency=1", "--LocalExecutor:DrainTime=00:00:00.500", "--LocalExecutor:KillGrace=00:00:00.200",
            "--Waiting:DrainTime=00:01:00",
        ];
    }
}
