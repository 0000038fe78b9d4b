using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;
using SyncCluster.Hosting.Authentication;

namespace SyncCluster.Gateway.Tests.Limits;

/// <summary>Requests with unknown tokens and wrong secrets, at a server that answers three of them in a minute as they are meant.</summary>
public abstract class FailedAuthenticationTests(TestServer server) : IAsyncLifetime
{
    protected static readonly string[] Settings = ["--Limits:FailedAuthentications=3"];

    public Task InitializeAsync() => server.InitializeAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Unknown_tokens_of_one_address_are_slowed_down_and_valid_ones_never()
    {
        for (var attempt = 0; attempt < 3; attempt++)
        {
            Assert.Equal(401, await AskAsync("203.0.113.9", "nobodys-token"));
        }

        using var slowed = await SendAsync("203.0.113.9", "nobodys-token");
        Assert.Equal(HttpStatusCode.TooManyRequests, slowed.StatusCode);
        Assert.Equal("application/problem+json", slowed.Content.Headers.ContentType!.MediaType);
        Assert.InRange(slowed.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20));
        Assert.Equal(404, await AskAsync("203.0.113.9", TestServer.User));
        Assert.Equal(401, await AskAsync("203.0.113.10", "nobodys-token"));
    }

    [Fact]
    public async Task The_addresses_of_an_ipv6_network_count_as_one()
    {
        Assert.Equal(401, await AskAsync("2001:db8:1:2::1", "nobodys-token"));
        Assert.Equal(401, await AskAsync("2001:db8:1:2::2", "nobodys-token"));
        Assert.Equal(401, await AskAsync("2001:db8:1:2:3::3", "nobodys-token"));
        Assert.Equal(429, await AskAsync("2001:db8:1:2:4::4", "nobodys-token"));
        Assert.Equal(401, await AskAsync("2001:db8:1:3::1", "nobodys-token"));
    }

    [Fact]
    public async Task A_known_proxy_that_does_not_say_for_whom_it_asks_is_not_slowed_down()
    {
        for (var attempt = 0; attempt < 5; attempt++)
        {
            Assert.Equal(401, await AskAsync(forwardedFor: null, "nobodys-token"));
        }
    }

    [Fact]
    public async Task Wrong_secrets_count_and_right_ones_never()
    {
        var task = await server.ImportAsync("""echo '["1"]'""");
        Assert.Equal(401, await AskAsync("203.0.113.9", "nobodys-token"));
        string[] paths =
        [
            $"/acme/task/{task["id"]}/secret/wrong/job", $"/task/{task["id"]}/secret/wrong/job?customer=acme", $"/job/secret/wrong?customer=acme&task={task["id"]}",
        ];
        var statuses = new List<int>();
        foreach (var path in paths)
        {
            statuses.Add(await CallAsync(path));
        }

        Assert.Equal([WrongSecret, WrongSecret, 429], statuses);
        Assert.Equal(200, await CallAsync($"/acme/task/{task["id"]}/secret/{task["secret"]}/job"));
    }

    protected abstract int WrongSecret { get; }

    private async Task<int> AskAsync(string? forwardedFor, string token)
    {
        using var response = await SendAsync(forwardedFor, token);
        return (int)response.StatusCode;
    }

    private Task<HttpResponseMessage> SendAsync(string? forwardedFor, string token) => server.SendAsync(
        HttpMethod.Get, "/acme/job/0123456789abcdef01234567", token, headers: forwardedFor is null ? [] : [("X-Forwarded-For", forwardedFor)]);

    private async Task<int> CallAsync(string path)
    {
        using var response = await server.SendAsync(HttpMethod.Post, path, token: null, "[]", headers: ("X-Forwarded-For", "203.0.113.9"));
        return (int)response.StatusCode;
    }
}

public sealed class LocalFailedAuthenticationTests() : FailedAuthenticationTests(new Server())
{
    protected override int WrongSecret => 401;

    private sealed class Server : TestServer
    {
        protected override string[] Settings => FailedAuthenticationTests.Settings;
    }
}

public sealed class TheEyeFailedAuthenticationTests() : FailedAuthenticationTests(new Server())
{
    protected override int WrongSecret => 403;

    private sealed class Server : TheEyeTestServer
    {
        protected override string[] Settings => [.. base.Settings, .. FailedAuthenticationTests.Settings];
    }
}

/// <summary>The counting itself, with a clock of its own.</summary>
public sealed class FailedAuthenticationCountTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly LogLines _log = new();
    private readonly ILoggerFactory _loggers;
    private readonly FailedAuthentications _failures;

    public FailedAuthenticationCountTests()
    {
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));
        var counter = new FailureCounter(
            Options.Create(new FailedAuthenticationOptions { FailedAuthentications = 6 }), TestMetrics.New(), _time, _loggers.CreateLogger<FailureCounter>());
        _failures = new(null!, counter, Options.Create(new ForwardedHeadersOptions()));
    }

    [Fact]
    public void An_address_is_forgiven_a_failure_in_each_part_of_the_minute()
    {
        Assert.Equal([401, 401, 401, 401, 401, 401, 429, 429], Enumerable.Range(0, 8).Select(_ => Fail("203.0.113.9").Status));
        Assert.Equal(TimeSpan.FromSeconds(10), Fail("203.0.113.9").RetryAfter);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal([401, 429], Enumerable.Range(0, 2).Select(_ => Fail("203.0.113.9").Status));
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal([401, 401, 401, 401, 401, 401, 429], Enumerable.Range(0, 7).Select(_ => Fail("203.0.113.9").Status));
    }

    [Fact]
    public void An_address_of_ipv4_is_the_same_when_it_is_written_as_one_of_ipv6() =>
        Assert.Equal(
            [401, 401, 401, 401, 401, 401, 429, 429],
            Enumerable.Range(0, 8).Select(attempt => Fail(attempt % 2 == 0 ? "203.0.113.9" : "::ffff:203.0.113.9").Status));

    [Fact]
    public void Other_refusals_do_not_count()
    {
        var http = Request("203.0.113.9");
        Assert.All(Enumerable.Range(0, 10), _ => Assert.Equal(403, _failures.Answer(http, Problems.OtherCustomer).Status));
        Assert.Equal(401, Fail("203.0.113.9").Status);
    }

    [Fact]
    public void The_log_names_addresses_and_has_one_line_a_second_however_many_fail()
    {
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            Fail("203.0.113.9");
        }

        Assert.Single(_log);
        Assert.Contains("203.0.113.9", _log.Single(), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(1));
        Fail("203.0.113.10");
        Assert.Contains("203.0.113.10", _log.Last(), StringComparison.Ordinal);
        Assert.Contains(" 999 more ", _log.Last(), StringComparison.Ordinal);
        Assert.Equal(2, _log.Count());
    }

    public void Dispose() => _loggers.Dispose();

    private Problem Fail(string address) => _failures.Answer(Request(address), Problems.UnknownToken);

    private static DefaultHttpContext Request(string address) => new() { Connection = { RemoteIpAddress = IPAddress.Parse(address) } };
}
