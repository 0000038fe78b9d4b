using System.Text;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Tests.Clustering;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>A server, as a process, that is stopped while clients keep their connections.</summary>
public sealed class OpenConnectionStopTests : IDisposable
{
    /// <summary>Some seconds are expected. The host lets a stop take 46 s with these settings, and Kestrel used all of them.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(35);

    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;
    private readonly ProcessReaper _reaper;

    public OpenConnectionStopTests() => _reaper = new(_folder);

    /// <summary>Some seconds are expected here, too.</summary>
    [Theory]
    [InlineData("half a header", "GET /health/live HTTP/1.1\r\nHost: loc", 1)]
    [InlineData("half a body", "PUT /jobs/demo/0123456789abcdef01234567/terminate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n[", 1)]
    [InlineData("unread answers", "GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n", 100_000)]
    public async Task A_client_does_not_delay_the_stop_of_a_silo_either(string what, string request, int times)
    {
        using var redis = new RedisInProcess();
        await using var silo = new Harness.Processes.Server(
            new()
            {
                Name = what,
                Command =
                [
                    .. ServerPrograms.Silo, ServerPrograms.AnyPort, $"--Cluster:Redis={redis.Address}", "--Cluster:SiloPort=0", "--Cluster:GatewayPort=0",
                    "--LocalExecutor:DrainTime=00:00:00.100", "--LocalExecutor:KillGrace=00:00:00.100",
                ],
                Ready = ServerPrograms.Ready,
                Folder = _folder,
            },
            _reaper);
        await silo.StartAsync();
        using var connection = await RawConnection.OpenAsync(silo.Address!);

        // The silo takes no more requests when it can send no more answers.
        var sending = connection.SendAsync(new StringBuilder().Insert(0, request, times).ToString());
        if (times > 1)
        {
            await Eventually.TrueAsync(connection.IsFullAsync, "the silo can send no more");
        }
        else
        {
            await sending;
        }

        Assert.Equal(200, (int)(await silo.Http.GetAsync(new Uri("/health/live", UriKind.Relative))).StatusCode);
        Assert.Equal(0, await silo.StopAsync().WaitAsync(Limit));
    }

    [Theory]
    [InlineData("half a header", "GET /health/live HTTP/1.1\r\nHost: loc", 1)]
    [InlineData("half a body", $"POST /demo/task/hello/job?access_token={DemoMode.UserToken} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n[", 1)]
    [InlineData("unread answers", "GET /openapi/v1.json HTTP/1.1\r\nHost: localhost\r\n\r\n", 200)]
    public async Task A_client_does_not_delay_a_stop_by_keeping_its_connection(string what, string request, int times)
    {
        await using var server = new Harness.Processes.Server(
            new()
            {
                Name = what,
                Command =
                [
                    .. ServerPrograms.Gateway, ServerPrograms.AnyPort, "--Waiting:DrainTime=00:00:01", "--LocalExecutor:DrainTime=00:00:00.100",
                    "--LocalExecutor:KillGrace=00:00:00.100",
                ],
                Ready = ServerPrograms.Ready,
                Folder = _folder,
            },
            _reaper);
        await server.StartAsync();
        using var connection = await RawConnection.OpenAsync(server.Address!);
        await connection.SendAsync(new StringBuilder().Insert(0, request, times).ToString());
        if (times > 1)
        {
            await Eventually.TrueAsync(connection.IsFullAsync, "the server can send no more");
        }

        Assert.Equal(200, (int)(await server.Http.GetAsync(new Uri("/health/live", UriKind.Relative))).StatusCode);
        Assert.Equal(0, await server.StopAsync().WaitAsync(Limit));
    }

    public void Dispose() => _reaper.Dispose();
}
