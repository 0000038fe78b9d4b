using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>A job that TheEye does not let be released.</summary>
public sealed class RefusedReleaseTests(RefusedReleaseTests.Server server) : IClassFixture<RefusedReleaseTests.Server>
{
    [Fact]
    public async Task It_is_ended_at_TheEye_too_and_not_asked_for_any_more()
    {
        var task = server.AddTask();
        server.TheEye.Faults.Next(Step.Synced, Fault.Status(403, "{\"message\":\"Not you.\"}"));
        Assert.Equal(502, (await server.CallAsync(task)).Status);
        await server.TheEye.WhenAsync(() => server.TheEye.Jobs.Single(job => job.Task.Id == task).Lifecycle == "canceled");
        var monitor = server.App.Services.GetRequiredService<JobMonitor>();
        await TestServer.UntilAsync(() => monitor.Jobs.Count == 0);
        Assert.Equal(0, server.TheEye.Jobs.Single(job => job.Task.Id == task).Runs);
    }

    public sealed class Server : FrontServer
    {
        protected override string[] Settings =>
            [.. base.Settings, "--TheEye:RequestTimeout=00:00:04", "--TheEye:SettleTime=00:00:12", "--TheEye:PollInterval=00:00:01.500"];
    }
}
