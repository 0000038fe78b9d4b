using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using SyncCluster.Harness;
using SyncCluster.Hosting.Operator;
using SyncCluster.Silo.Dashboard;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>The Orleans Dashboard of one silo of three, over its own port. The others have none.</summary>
public sealed class DashboardTests(DashboardTests.Cluster cluster) : IClassFixture<DashboardTests.Cluster>, IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

    private static WebApplication SiloWith(Cluster cluster) => cluster.Silos[SiloProgramCluster.StrictSilo];

    private Uri OwnAddress => new(SiloWith(cluster).Urls.Single(url => new Uri(url).Port != cluster.Dashboard.Port));

    public void Dispose() => _http.Dispose();

    [Theory]
    [InlineData("/index.min.js")]
    [InlineData("/DashboardCounters")]
    [InlineData("/GrainState?grainId=1&grainType=x")]
    [InlineData("/Trace")]
    [InlineData("/jobs")]
    [InlineData("/health/ready")]
    [InlineData("/nothing")]
    public async Task Without_a_session_nothing_is_shown(string path)
    {
        using var response = await SendAsync(HttpMethod.Get, path);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        using var forged = await SendAsync(HttpMethod.Get, path, $"{cluster.Cookie}=guessed");
        Assert.Equal(HttpStatusCode.Unauthorized, forged.StatusCode);
        using var signOut = await SendAsync(HttpMethod.Post, "/sign-out");
        Assert.Equal(HttpStatusCode.Unauthorized, signOut.StatusCode);
    }

    [Fact]
    public async Task A_browser_is_sent_to_a_sign_in_page_that_no_other_page_may_frame()
    {
        using var first = await SendAsync(HttpMethod.Get, "/");
        Assert.Equal((HttpStatusCode.Found, "/sign-in"), (first.StatusCode, first.Headers.Location!.OriginalString));
        using var page = await SendAsync(HttpMethod.Get, "/sign-in");
        Assert.Equal((HttpStatusCode.OK, "text/html"), (page.StatusCode, page.Content.Headers.ContentType!.MediaType));
        Assert.Contains("type=\"password\"", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal(("DENY", "no-store"), (page.Headers.GetValues("X-Frame-Options").Single(), page.Headers.CacheControl!.ToString()));
    }

    [Fact]
    public async Task The_operators_token_opens_the_dashboard_until_the_operator_signs_out()
    {
        using var signedIn = await SignInAsync(SiloProgramCluster.OperatorToken);
        Assert.Equal((HttpStatusCode.SeeOther, "/"), (signedIn.StatusCode, signedIn.Headers.Location!.OriginalString));
        var set = signedIn.Headers.GetValues("Set-Cookie").Single();
        Assert.All(["; path=/", "; samesite=strict", "; httponly"], attribute => Assert.Contains(attribute, set, StringComparison.Ordinal));
        var cookie = set.Split(';')[0];
        Assert.InRange(cookie.Length, $"{cluster.Cookie}=".Length + 43, 200);

        using var page = await SendAsync(HttpMethod.Get, "/", cookie);
        Assert.Contains("<title>Orleans Dashboard</title>", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        // The grain of the dashboard is made where it can be, though two silos have none.
        await Eventually.TrueAsync(
            async () => JsonNode.Parse(await BodyAsync("/DashboardCounters", cookie))!["hosts"]!.AsArray().Count == 3, "the dashboard counts the silos");

        using var signedOut = await SendAsync(HttpMethod.Post, "/sign-out", cookie);
        Assert.Equal(HttpStatusCode.SeeOther, signedOut.StatusCode);
        Assert.Contains("expires=Thu, 01 Jan 1970", signedOut.Headers.GetValues("Set-Cookie").Single(), StringComparison.Ordinal);
        using var after = await SendAsync(HttpMethod.Get, "/DashboardCounters", cookie);
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
    }

    [Fact]
    public async Task Of_the_dashboards_routes_only_those_of_grain_state_and_of_the_log_are_closed()
    {
        var cookie = await CookieAsync();
        var routes = SiloWith(cluster).Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(endpoint => endpoint.RoutePattern.RawText!.Trim('/')).ToHashSet();
        Assert.Contains("GrainState", routes);
        Assert.Contains("Trace", routes);
        var closed = new List<string>();
        foreach (var route in routes)
        {
            var path = $"/{route}".Replace("{page:int}", "1", StringComparison.Ordinal).Replace("{**path}", "x", StringComparison.Ordinal);
            using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            using var request = Request(HttpMethod.Get, cluster.Dashboard, path, cookie);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop.Token);
            if (response.StatusCode == HttpStatusCode.NotFound && !path.EndsWith("/x", StringComparison.Ordinal))
            {
                closed.Add(route);
            }
        }

        // Of the silo's own routes none is at this port, and nobody signs out by a link.
        string[] own = ["drain", "health/live", "health/ready", "jobs", "sign-out"];
        Assert.Equal(own.Append("GrainState").Append("Trace").Order(), closed.Where(route => !route.Contains('{', StringComparison.Ordinal)).Order());
    }

    [Fact]
    public async Task A_session_is_good_for_this_dashboard_alone()
    {
        var cookie = await CookieAsync();
        foreach (var silo in (Uri[])[OwnAddress, new(cluster.Silos[0].Urls.Single())])
        {
            using var jobs = await _http.SendAsync(Request(HttpMethod.Get, silo, "/jobs", cookie));
            Assert.Equal(HttpStatusCode.Unauthorized, jobs.StatusCode);
            using var page = await _http.SendAsync(Request(HttpMethod.Get, silo, "/", cookie));
            Assert.Equal(HttpStatusCode.NotFound, page.StatusCode);
            using var counters = await _http.SendAsync(Request(HttpMethod.Get, silo, "/DashboardCounters", cookie));
            Assert.Equal(HttpStatusCode.NotFound, counters.StatusCode);
        }
    }

    [Fact]
    public async Task Wrong_tokens_are_slowed_down_and_the_operators_never()
    {
        // The tries that a client has come back with time.
        var attempts = 0;
        await Eventually.TrueAsync(
            async () =>
            {
                using var wrong = await SignInAsync("wrong-token");
                Assert.False(wrong.Headers.Contains("Set-Cookie"));
                if (wrong.StatusCode != HttpStatusCode.TooManyRequests)
                {
                    attempts++;
                    Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
                    return false;
                }

                Assert.InRange(wrong.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
                return true;
            },
            "a wrong token is slowed down");
        Assert.InRange(attempts, 3, 10);
        using var right = await SignInAsync(SiloProgramCluster.OperatorToken);
        Assert.Equal(HttpStatusCode.SeeOther, right.StatusCode);
        await Eventually.TrueAsync(
            () => cluster.Log.Events.Any(logged => logged.Category == "SyncCluster.Audit" && Equals(logged.Values["Action"], "sign-in") && Equals(logged.Values["Status"], 429)),
            "the refusal is in the audit log");
    }

    [Fact]
    public async Task A_session_ends_when_the_operators_token_is_replaced()
    {
        var cookie = await CookieAsync();
        cluster.SetOperatorToken("new-operator-token");
        await Eventually.TrueAsync(async () => await StatusAsync(cookie) == HttpStatusCode.Unauthorized, "the session has ended");
        cluster.SetOperatorToken(SiloProgramCluster.OperatorToken);
        await Eventually.TrueAsync(
            async () =>
            {
                using var right = await SignInAsync(SiloProgramCluster.OperatorToken);
                return right.StatusCode == HttpStatusCode.SeeOther;
            },
            "the first token counts again");
    }

    [Theory]
    [InlineData("http://127.0.0.1:8081", true)]
    [InlineData("http://localhost:8081/", true)]
    [InlineData("https://0.0.0.0:8081", true)]
    [InlineData("http://0.0.0.0:8081", false)]
    [InlineData("http://10.0.0.1:8081", false)]
    [InlineData("http://*:8081", false)]
    [InlineData("http://127.0.0.1", false)]
    [InlineData("http://127.0.0.1:8081/dashboard", false)]
    [InlineData("8081", false)]
    public void Without_TLS_it_is_shown_to_this_machine_only(string url, bool isValid)
    {
        var operators = new OperatorOptions { TokenSha256 = new string('0', 64) };
        Assert.Equal(isValid, new DashboardAddressOptionsValidator(Options.Create(operators)).Validate(null, new() { Url = url }).Succeeded);
        Assert.True(new DashboardAddressOptionsValidator(Options.Create(new OperatorOptions())).Validate(null, new() { Url = url }).Failed);
    }

    [Fact]
    public void A_session_lasts_eight_hours_and_there_are_a_hundred_at_most()
    {
        var time = new FakeTimeProvider();
        var collection = new ServiceCollection().AddLogging().AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
            .AddSingleton<TimeProvider>(time).AddSingleton<DashboardSessions>();
        collection.AddOperator();
        using var services = collection.BuildServiceProvider();
        var sessions = services.GetRequiredService<DashboardSessions>();
        var first = sessions.Open();
        time.Advance(TimeSpan.FromMinutes(1));
        var others = Enumerable.Range(0, 99).Select(_ => sessions.Open()).ToArray();
        Assert.True(sessions.IsOpen(first));
        others = [.. others, sessions.Open()];
        Assert.False(sessions.IsOpen(first));
        Assert.All(others, other => Assert.True(sessions.IsOpen(other)));
        time.Advance(TimeSpan.FromHours(8));
        Assert.All(others, other => Assert.False(sessions.IsOpen(other)));
    }

    private async Task<HttpStatusCode> StatusAsync(string cookie)
    {
        using var response = await SendAsync(HttpMethod.Get, "/version", cookie);
        return response.StatusCode;
    }

    private async Task<string> BodyAsync(string path, string cookie)
    {
        using var response = await SendAsync(HttpMethod.Get, path, cookie);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync();
    }

    private async Task<string> CookieAsync()
    {
        using var signedIn = await SignInAsync(SiloProgramCluster.OperatorToken);
        Assert.Equal(HttpStatusCode.SeeOther, signedIn.StatusCode);
        return signedIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
    }

    private Task<HttpResponseMessage> SignInAsync(string token)
    {
        var request = Request(HttpMethod.Post, cluster.Dashboard, "/sign-in");
        request.Content = new FormUrlEncodedContent([new("token", token)]);
        return _http.SendAsync(request);
    }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? cookie = null) =>
        _http.SendAsync(Request(method, cluster.Dashboard, path, cookie));

    private static HttpRequestMessage Request(HttpMethod method, Uri server, string path, string? cookie = null)
    {
        var request = new HttpRequestMessage(method, new Uri(server, path));
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
        }

        return request;
    }

    public sealed class Cluster : SiloProgramCluster
    {
        public Uri Dashboard { get; } = new($"http://127.0.0.1:{FreePort.Next()}");

        public string Cookie => $"synccluster-dashboard-{Dashboard.Port}";

        protected override string[] SettingsOf(int silo) => silo == StrictSilo ? [$"--Dashboard:Url={Dashboard}"] : [];
    }
}
