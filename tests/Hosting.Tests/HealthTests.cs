using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using SyncCluster.Harness;

namespace SyncCluster.Hosting.Tests;

/// <summary>The two probes, on a server that has nothing else.</summary>
public sealed class HealthTests : IAsyncLifetime
{
    private readonly HttpClient _http = new();
    private readonly WebApplication _app;
    private HealthCheckResult _check = HealthCheckResult.Healthy();

    public HealthTests()
    {
        var builder = WebApplication.CreateSlimBuilder(["--urls=http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        builder.Services.AddHealth().AddCheck("test", () => _check, [Health.ReadyTag]);
        _app = builder.Build();
        _app.MapLiveness();
        _app.MapReadiness();
    }

    public async Task InitializeAsync()
    {
        await _app.StartAsync();
        _http.BaseAddress = new Uri(_app.Urls.Single());
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task A_healthy_server_answers_200_and_lets_no_cache_store_it(string path)
    {
        using var response = await SendAsync(HttpMethod.Get, path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"status":"healthy"}""", await response.Content.ReadAsStringAsync());
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task A_load_balancer_may_ask_with_HEAD(string path)
    {
        using var response = await SendAsync(HttpMethod.Head, path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task Other_methods_are_answered_with_the_ones_that_are_allowed(string path)
    {
        using var response = await SendAsync(HttpMethod.Post, path);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["GET", "HEAD"], response.Content.Headers.Allow.Order());
    }

    [Fact]
    public async Task A_server_whose_check_fails_is_alive_but_not_ready()
    {
        _check = HealthCheckResult.Unhealthy();
        await IsAliveButNotReadyAsync("""{"status":"unhealthy"}""");
        Assert.Equal(1, await Health.ProbeAsync(_app.Urls.Single()));
    }

    [Fact]
    public async Task A_server_that_is_not_ready_says_why()
    {
        _check = HealthCheckResult.Unhealthy("The clock is wrong.");
        await IsAliveButNotReadyAsync("""{"status":"unhealthy","reasons":["The clock is wrong."]}""");
    }

    [Fact]
    public async Task A_server_that_stops_is_alive_but_not_ready()
    {
        await Eventually.TrueAsync(async () => await Health.ProbeAsync(_app.Urls.Single()) == 0, "the command is answered before it gives up");

        // It signals the stop; the test's server listens until it is disposed.
        _app.Lifetime.StopApplication();
        await IsAliveButNotReadyAsync("""{"status":"unhealthy","reasons":["The process stops."]}""");
        Assert.Equal(1, await Health.ProbeAsync(_app.Urls.Single()));
    }

    [Theory]
    [InlineData("http://127.0.0.1:1")]
    [InlineData("not an address")]
    public async Task The_command_fails_where_no_server_answers(string address) => Assert.Equal(1, await Health.ProbeAsync(address));

    private async Task IsAliveButNotReadyAsync(string body)
    {
        using var live = await SendAsync(HttpMethod.Get, "/health/live");
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        using var ready = await SendAsync(HttpMethod.Get, "/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal(body, await ready.Content.ReadAsStringAsync());
        Assert.Equal("no-store", ready.Headers.CacheControl!.ToString());
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        return await _http.SendAsync(request);
    }
}
