using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Limits;

/// <summary>Calls that wait at once over a single HTTP/2 connection, as a load balancer sends them.</summary>
public abstract class StreamsPerConnectionTests : IAsyncLifetime
{
    private readonly H2Server _server;

    private protected StreamsPerConnectionTests(H2Server server) => _server = server;

    public Task InitializeAsync() => _server.InitializeAsync();

    public Task DisposeAsync() => _server.DisposeAsync();

    /// <param name="calls">How many are made.</param>
    /// <param name="waiting">How many of them wait at once.</param>
    protected async Task CallAsync(int calls, int waiting)
    {
        using var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.GetCertHashString() == _server.Thumbprint;
        using var http = new HttpClient(handler)
        {
            BaseAddress = _server.Http.BaseAddress,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var imported = await SendAsync(http, "/acme/task/import", TestServer.Admin, """{"task":{"name":"w","type":"script","script_runas":"sh %script%"},"file":{"filename":"w.sh","data":"c2xlZXAgNjAK"}}""");
        var task = JsonNode.Parse(await imported.Content.ReadAsStringAsync())!;
        using var end = new CancellationTokenSource();
        var ongoing = Enumerable.Range(0, calls).Select(_ => SendAsync(http, $"/acme/task/{task["id"]}/job", TestServer.User, "[]", end.Token)).ToArray();
        await TestServer.UntilAsync(() => _server.Hub.Waiters >= waiting);
        if (waiting < calls)
        {
            // The others are not even sent.
            await Assert.ThrowsAsync<TimeoutException>(() => SendAsync(http, "/api/status", TestServer.User, null, end.Token).WaitAsync(TimeSpan.FromSeconds(1)));
            Assert.Equal(waiting, _server.Hub.Waiters);
        }
        else
        {
            using var status = await SendAsync(http, "/api/status", TestServer.User, null);
            Assert.Equal(HttpVersion.Version20, status.Version);
        }

        await end.CancelAsync();
        await Task.WhenAll(ongoing.Select(call => Record.ExceptionAsync(() => call)));
    }

    private static async Task<HttpResponseMessage> SendAsync(
        HttpClient http, string path, string token, string? json, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(json is null ? HttpMethod.Get : HttpMethod.Post, path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await http.SendAsync(request, cancellation);
    }

    private protected sealed class H2Server(bool tls, params string[] settings) : TestServer
    {
        private string _thumbprint = "";

        public string Thumbprint => _thumbprint;

        protected override string[] Settings =>
        [
            .. tls ? TestCertificate.Settings(Folder, "h2", out _thumbprint) : ["--Kestrel:Endpoints:h2:Url=http://127.0.0.1:0"],
            "--Kestrel:Endpoints:h2:Protocols=Http2",
            "--LocalExecutor:DrainTime=00:00:00.100",
            "--LocalExecutor:KillGrace=00:00:00.100",
            .. settings,
        ];
    }
}

public sealed class DefaultStreamsWithoutTlsTests() : StreamsPerConnectionTests(new H2Server(tls: false))
{
    [Fact]
    public Task More_than_a_hundred_calls_wait_over_one_connection() => CallAsync(150, 150);
}

public sealed class DefaultStreamsWithTlsTests() : StreamsPerConnectionTests(new H2Server(tls: true))
{
    [Fact]
    public Task More_than_a_hundred_calls_wait_over_one_connection() => CallAsync(150, 150);
}

public sealed class ConfiguredStreamsTests() : StreamsPerConnectionTests(new H2Server(tls: false, "--Limits:StreamsPerConnection=5"))
{
    [Fact]
    public Task No_more_than_are_configured_wait_over_one_connection() => CallAsync(8, 5);
}
