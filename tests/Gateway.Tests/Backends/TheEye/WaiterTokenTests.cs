using System.Net;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.TheEye;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>Waiters bring a token each.</summary>
public sealed class WaiterTokenTests(FrontServer server) : IClassFixture<FrontServer>
{
    [Fact]
    public async Task A_caller_whose_token_is_revoked_does_not_affect_the_other_waiters()
    {
        var task = server.AddTask(new TheEyeTask { Type = TaskType.Approval });
        var first = server.CallAsync(task);
        await TestServer.UntilAsync(() => server.Hub.Waiters == 1);
        var job = server.TheEye.Jobs.Single(job => job.Task.Id == task).Id;
        server.AddUser("short", "sid");
        var second = server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result", "short");
        await TestServer.UntilAsync(() => server.Hub.Waiters == 2);
        server.TheEye.RemoveToken("short");
        Assert.True(server.TheEye.Approve(job));
        Assert.Equal(200, (await first).Status);
        using var response = await second;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
