using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>
/// The load balancer's configuration. A real nginx in front of real gateways, since it is HTTP that is balanced; the silos are TestingHost's.
/// </summary>
[Collection(TestingHostCollection.Name)]
public sealed class BalancerTests(TestingHostCluster cluster)
{
    [NginxFact]
    public async Task Calls_through_the_balancer_are_answered_and_leave_no_secret_in_its_log()
    {
        using var balancer = await Balancer.StartAsync(cluster.Gateway(0), cluster.Gateway(1));
        using var http = new HttpClient { BaseAddress = balancer.Address };
        for (var call = 0; call < 10; call++)
        {
            using var body = new StringContent($"""["{call}"]""", Encoding.UTF8, "application/json");
            using var response = await http.PostAsync(new Uri("/demo/task/hello/job?access_token=demo-token", UriKind.Relative), body);
            Assert.Equal($"""["hello {call}"]""", await response.Content.ReadAsStringAsync());
        }

        using var refused = await http.PostAsync(
            new Uri("/demo/task/hello/secret/path-secret/job?access_token=query-secret", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        await Eventually.TrueAsync(
            () => balancer.Log.Contains("/demo/task/hello/secret/***/job 401", StringComparison.Ordinal), "the refused call is in the log");
        Assert.Contains($" {cluster.Gateway(0).Authority}", balancer.Log, StringComparison.Ordinal);
        Assert.Contains($" {cluster.Gateway(1).Authority}", balancer.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("demo-token", balancer.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("-secret", balancer.Log, StringComparison.Ordinal);
    }

    [NginxFact]
    public async Task A_post_whose_gateway_closes_the_connection_is_not_sent_to_another_one()
    {
        using var first = new DisconnectingServer();
        using var second = new DisconnectingServer();
        using var balancer = await Balancer.StartAsync(first.Address, second.Address);
        using var http = new HttpClient { BaseAddress = balancer.Address };
        using var body = new StringContent("[]", Encoding.UTF8, "application/json");
        using var posted = await http.PostAsync(new Uri("/demo/task/hello/job", UriKind.Relative), body);
        Assert.Equal(HttpStatusCode.BadGateway, posted.StatusCode);
        Assert.Equal(1, first.Requests + second.Requests);
    }

    [NginxFact]
    public async Task An_address_with_too_many_requests_under_way_is_told_to_try_again()
    {
        using var balancer = await Balancer.StartAsync(cluster.Gateway(0), cluster.Gateway(1), requestsOfClient: 2);
        using var gate = cluster.NewGate();
        var path = new Uri($"/demo/task/{await cluster.GatedTaskAsync(gate)}/job?access_token={DemoMode.UserToken}", UriKind.Relative);
        using var http = new HttpClient { BaseAddress = balancer.Address };
        var calls = new[] { http.PostAsync(path, null), http.PostAsync(path, null) };
        await Eventually.TrueAsync(() => gate.Runs().Length == 2, "two calls wait");
        using var refused = await http.PostAsync(path, null);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(5), refused.Headers.RetryAfter!.Delta);
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType!.MediaType);
        Assert.Equal(429, JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["status"]!.GetValue<int>());

        gate.Open();
        Assert.All(await Task.WhenAll(calls), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        using var another = await http.PostAsync(path, null);
        Assert.Equal(HttpStatusCode.OK, another.StatusCode);
    }

    /// <summary>A server that reads a request and closes the connection.</summary>
    private sealed class DisconnectingServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private int _requests;

        public DisconnectingServer()
        {
            _listener.Start();
            Address = new Uri($"http://{_listener.LocalEndpoint}");
            _ = AcceptAsync();
        }

        public Uri Address { get; }

        public int Requests => _requests;

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    var buffer = new byte[4096];
                    if (await client.GetStream().ReadAsync(buffer) > 0)
                    {
                        Interlocked.Increment(ref _requests);
                    }
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
            {
                // The test is over.
            }
        }
    }
}
