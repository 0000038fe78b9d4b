using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

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

    [NginxTheory]
    [InlineData("/acme/task/t/SECRET/abc-secret/job")]
    [InlineData("/acme/task/t/secret/abc-secret/secret/def-secret/job")]
    [InlineData("/acme/task/t/%73ecret/abc-secret/job/")]
    [InlineData("//job//secret///abc-secret")]
    [InlineData("/job/j/secret/job/abc-secret")]
    public async Task However_the_path_of_a_secret_is_written_it_is_not_logged(string path)
    {
        await using var gateway = await StandInGateway.StartAsync();
        using var balancer = await Balancer.StartAsync(gateway.Address, gateway.Address);
        using var http = new HttpClient { BaseAddress = balancer.Address };

        using var response = await http.PostAsync(new Uri(balancer.Address.OriginalString + path), null);

        await Eventually.TrueAsync(() => balancer.Log.Contains(" 200 ", StringComparison.Ordinal), "it is logged");
        Assert.Contains("***", balancer.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("-secret", balancer.Log, StringComparison.Ordinal);
    }

    [NginxFact]
    public async Task What_a_balancer_logs_of_its_own_failures_has_no_token_in_it()
    {
        await using var gateway = await StandInGateway.StartAsync();
        using var balancer = await Balancer.StartAsync(gateway.Address, gateway.Address);
        using var http = new HttpClient { BaseAddress = balancer.Address };
        balancer.LoseBodies();

        using var body = new StringContent(new string('a', 200_000));
        using var refused = await http.PostAsync(new Uri("/acme/task/t/job?access_token=query-token", UriKind.Relative), body);

        await AssertProblemAsync(HttpStatusCode.ServiceUnavailable, "Nothing was run", refused);
        await Eventually.TrueAsync(() => balancer.Log.Contains("/acme/task/t/job 503", StringComparison.Ordinal), "the call is in the log");
        Assert.DoesNotContain("query-token", balancer.Log, StringComparison.Ordinal);
    }

    [NginxFact]
    public async Task A_post_whose_gateway_closes_the_connection_is_not_sent_to_another_one()
    {
        await using var first = await StandInGateway.StartAsync();
        await using var second = await StandInGateway.StartAsync();
        using var balancer = await Balancer.StartAsync(first.Address, second.Address);
        using var http = new HttpClient { BaseAddress = balancer.Address };
        using var body = new StringContent("[]", Encoding.UTF8, "application/json");

        using var posted = await http.PostAsync(new Uri("/cut", UriKind.Relative), body);

        await AssertProblemAsync(HttpStatusCode.BadGateway, "It is not known whether a job was started", posted);
        Assert.Equal(1, first.Requests.Count + second.Requests.Count);
    }

    [NginxFact]
    public async Task Calls_that_make_gateways_fail_do_not_take_them_away_from_others()
    {
        await using var first = await StandInGateway.StartAsync();
        await using var second = await StandInGateway.StartAsync();
        using var balancer = await Balancer.StartAsync(first.Address, second.Address);
        using var http = new HttpClient { BaseAddress = balancer.Address };
        for (var failure = 0; failure < 8; failure++)
        {
            using var cut = await http.PostAsync(new Uri("/cut", UriKind.Relative), null);
            Assert.Equal(HttpStatusCode.BadGateway, cut.StatusCode);
            using var other = await http.PostAsync(new Uri("/acme/task/t/job", UriKind.Relative), null);
            Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        }
    }

    [NginxFact]
    public async Task A_call_whose_gateway_does_not_answer_the_connection_is_sent_to_the_other_one()
    {
        using var gone = new SilentAddress();
        await using var gateway = await StandInGateway.StartAsync();
        using var balancer = await Balancer.StartAsync(gone.Address, gateway.Address);
        using var http = new HttpClient { BaseAddress = balancer.Address };
        for (var call = 1; call <= 4; call++)
        {
            using var answer = await http.PostAsync(new Uri("/acme/task/t/job", UriKind.Relative), null);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(call, gateway.Requests.Count);
        }

        await Eventually.TrueAsync(() => balancer.Log.Contains($" {gone.Address.Authority}, {gateway.Address.Authority}", StringComparison.Ordinal),
            "the gateway that is gone was tried");
    }

    [NginxFact]
    public async Task Without_a_gateway_the_answer_says_that_nothing_was_run()
    {
        using var gone = new SilentAddress();
        var stopped = new Uri("http://127.0.0.1:1");
        using var silent = await Balancer.StartAsync(gone.Address, gone.Address);
        using var refusing = await Balancer.StartAsync(stopped, stopped);
        using var http = new HttpClient();

        using var timedOut = await http.PostAsync(new Uri(silent.Address, "/acme/task/t/job"), null);
        using var refused = await http.PostAsync(new Uri(refusing.Address, "/acme/task/t/job"), null);

        await AssertProblemAsync(HttpStatusCode.GatewayTimeout, "Nothing was run", timedOut);
        await AssertProblemAsync(HttpStatusCode.BadGateway, "Nothing was run", refused);
        Assert.Equal(TimeSpan.FromSeconds(2), refused.Headers.RetryAfter!.Delta);
    }

    [NginxFact]
    public async Task A_body_above_the_gateways_limits_reaches_no_gateway()
    {
        await using var gateway = await StandInGateway.StartAsync();
        using var balancer = await Balancer.StartAsync(gateway.Address, gateway.Address);
        using var http = new HttpClient { BaseAddress = balancer.Address };
        var limits = new GatewayLimitsOptions();

        Assert.Equal(HttpStatusCode.OK, await PostAsync("/acme/task/t/job", limits.Body));
        Assert.Equal(HttpStatusCode.OK, await PostAsync("/acme/TASK/import/", limits.Import));
        Assert.Equal(2, gateway.Requests.Count);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await PostAsync("/acme/task/t/job", limits.Body + 1));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await PostAsync("/acme/task/import", limits.Import + 1));
        Assert.Equal(2, gateway.Requests.Count);

        async Task<HttpStatusCode> PostAsync(string path, long size)
        {
            using var body = new ByteArrayContent(new byte[size]);
            using var response = await http.PostAsync(new Uri(path, UriKind.Relative), body);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                await AssertProblemAsync(HttpStatusCode.RequestEntityTooLarge, Problems.BodyTooLarge.Message, response);
            }

            return response.StatusCode;
        }
    }

    [NginxFact]
    public async Task What_a_client_says_of_itself_in_headers_of_proxies_is_not_passed_on()
    {
        await using var gateway = await StandInGateway.StartAsync();
        using var balancer = await Balancer.StartAsync(gateway.Address, gateway.Address);
        using var http = new HttpClient { BaseAddress = balancer.Address };
        string[] names = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Real-IP", "Forwarded"];
        foreach (var name in names)
        {
            http.DefaultRequestHeaders.Add(name, "evil.example");
        }

        using var response = await http.GetAsync(new Uri("/", UriKind.Relative));

        var headers = Assert.Single(gateway.Requests);
        Assert.DoesNotContain("evil.example", headers.Values);
        Assert.Equal(("127.0.0.1", "http"), (headers["X-Forwarded-For"], headers["X-Forwarded-Proto"]));
        Assert.Equal(["X-Forwarded-For", "X-Forwarded-Proto"], headers.Keys.Intersect(names, StringComparer.OrdinalIgnoreCase).Order());
    }

    [NginxFact]
    public async Task What_is_no_valid_request_is_answered_with_a_problem()
    {
        using var balancer = await Balancer.StartAsync(new Uri("http://127.0.0.1:1"), new Uri("http://127.0.0.1:1"));
        using var http = new HttpClient { BaseAddress = balancer.Address };
        using var longHeader = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "X-Long", new string('a', 40_000) } } };
        using var trace = new HttpRequestMessage(HttpMethod.Trace, "/");

        using var tooLongHeader = await http.SendAsync(longHeader);
        using var tooLongAddress = await http.GetAsync(new Uri("/" + new string('a', 40_000), UriKind.Relative));
        using var noMethod = await http.SendAsync(trace);

        await AssertProblemAsync(HttpStatusCode.RequestHeaderFieldsTooLarge, "too long", tooLongHeader);
        await AssertProblemAsync(HttpStatusCode.RequestUriTooLong, "too long", tooLongAddress);
        await AssertProblemAsync(HttpStatusCode.MethodNotAllowed, "method", noMethod);
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
        await AssertProblemAsync(HttpStatusCode.TooManyRequests, "Nothing was run", refused);
        Assert.Equal(TimeSpan.FromSeconds(5), refused.Headers.RetryAfter!.Delta);

        gate.Open();
        Assert.All(await Task.WhenAll(calls), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        await Eventually.TrueAsync(
            async () =>
            {
                using var another = await http.PostAsync(path, null);
                return another.StatusCode == HttpStatusCode.OK;
            },
            "another call is answered");
    }

    /// <summary>A problem as gateways write them.</summary>
    private static async Task AssertProblemAsync(HttpStatusCode status, string message, HttpResponseMessage response)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        var body = await response.Content.ReadAsStringAsync();
        var told = JsonNode.Parse(body)!["detail"]!.GetValue<string>();
        Assert.Contains(message, told, StringComparison.Ordinal);
        Assert.Equal(Encoding.UTF8.GetString(new Problem((int)status, told).Render().Span), body);
    }
}
