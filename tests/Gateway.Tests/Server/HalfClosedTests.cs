using System.Net;
using System.Net.Sockets;
using System.Text;
using SyncCluster.Gateway.Tests.Api.Jobs;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>A client that shuts its sending side after its request. TCP does not tell it from one that has gone.</summary>
[Collection(SharedServer.Name)]
public sealed class HalfClosedTests(TestServer server)
{
    [Fact]
    public async Task It_counts_as_disconnected_and_its_job_goes_on()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            await socket.ConnectAsync(IPAddress.Loopback, server.Http.BaseAddress!.Port);
            await socket.SendAsync(Encoding.ASCII.GetBytes(
                $"POST /acme/task/{task["id"]}/job HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TestServer.User}\r\n"
                + "Idempotency-Key: half-closed\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"));
            await TestServer.UntilAsync(() => gate.Runs == 1);
            socket.Shutdown(SocketShutdown.Send);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1], limit.Token));
        }

        var repeat = server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", headers: ("Idempotency-Key", "half-closed"));
        gate.Open();
        using var response = await repeat;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, gate.Runs);
    }
}
