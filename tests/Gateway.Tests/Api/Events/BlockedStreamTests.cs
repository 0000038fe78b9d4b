using System.Net;
using System.Net.Sockets;
using System.Text;
using SyncCluster.Gateway.Tests.Api.Jobs;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Events;

/// <summary>A stream to a client that reads nothing, at a server that would wait for it for long.</summary>
public sealed class BlockedStreamTests(BlockedStreamTests.PatientServer server) : IClassFixture<BlockedStreamTests.PatientServer>
{
    [Fact]
    public async Task A_blocked_stream_does_not_count_as_a_waiter_after_the_end_of_its_job()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync($"yes | head -n 300000; {gate.Script}");
        using var early = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", headers: ("Prefer", "respond-async"));
        var job = early.Headers.GetValues("Job-Id").Single();
        using var deaf = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 2048 };
        await deaf.ConnectAsync(IPAddress.Loopback, server.Http.BaseAddress!.Port);
        await deaf.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /acme/job/{job}/events?access_token={TestServer.User} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        await TestServer.UntilAsync(() => server.Hub.Waiters == 1);

        gate.Open();
        using var result = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result");
        Assert.Equal(HttpStatusCode.OK, result.StatusCode);

        await TestServer.UntilAsync(() => server.Hub.Waiters == 0);
        Assert.False(deaf.Poll(0, SelectMode.SelectError));
    }

    public sealed class PatientServer : TestServer
    {
        protected override string[] Settings => ["--Following:SlowReader=00:05:00"];
    }
}
