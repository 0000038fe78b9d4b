using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Tests.Server;
using Gate = SyncCluster.Gateway.Tests.Api.Jobs.AttachTests.Gate;

namespace SyncCluster.Gateway.Tests.Limits;

/// <summary>How many requests may wait at a gateway. Each test has a server of its own, with two places.</summary>
public abstract class WaiterLimitTests(TestServer server) : IAsyncLifetime
{
    public Task InitializeAsync() => server.InitializeAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_request_above_the_limit_of_waiters_is_a_503_and_nothing_is_run()
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        var id = task["id"];
        var waiting = new[] { server.CallAsync(task), server.CallAsync(task) };
        await TestServer.UntilAsync(() => server.Hub.Waiters == 2);
        (HttpMethod Method, string Path, string? Token)[] requests =
        [
            (HttpMethod.Post, $"/acme/task/{id}/job", TestServer.User),
            (HttpMethod.Post, $"/acme/task/{id}/secret/{task["secret"]}/job", null),
            (HttpMethod.Post, $"/task/{id}/job", TestServer.User),
            (HttpMethod.Post, $"/task/{id}/secret/{task["secret"]}/job?customer=acme", null),
            (HttpMethod.Get, "/acme/job/0123456789abcdef01234567/result", TestServer.Viewer),
            (HttpMethod.Get, "/job/0123456789abcdef01234567/result", TestServer.Viewer),
            (HttpMethod.Get, "/job/0123456789abcdef01234567/secret/acme.x/result", null),
            (HttpMethod.Post, "/job/0123456789abcdef01234567/secret/acme.x/result", null),
        ];
        foreach (var (method, path, token) in requests)
        {
            using var refused = await server.SendAsync(method, path, token);
            Assert.Equal((path, HttpStatusCode.ServiceUnavailable), (path, refused.StatusCode));
            Assert.Equal("5", refused.Headers.GetValues("Retry-After").Single());
            Assert.Contains("Too many requests wait", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        gate.Open();
        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal(200, answer.Status));
        Assert.Equal(200, await UntilThereIsAPlaceAsync(task));
        Assert.Equal(3, gate.Runs);
    }

    [Fact]
    public async Task A_caller_that_disconnects_frees_its_place()
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var hangUp = new CancellationTokenSource();
        var first = server.CallAsync(task);
        var second = server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", cancellation: hangUp.Token);
        await TestServer.UntilAsync(() => server.Hub.Waiters == 2);
        Assert.Equal(503, (await server.CallAsync(task)).Status);
        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        await TestServer.UntilAsync(() => server.Hub.Waiters == 1);
        gate.Open();
        Assert.Equal((200, 200), (await UntilThereIsAPlaceAsync(task), (await first).Status));
    }

    [Fact]
    public async Task One_customers_waiting_requests_do_not_keep_another_customer_out()
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        using var started = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/secret/{task["secret"]}/job", null, headers: [("Prefer", "respond-async")]);
        var job = started.Headers.GetValues("Job-Id").Single();
        var viewers = new Task<HttpResponseMessage>[2];
        await WaitAsync(1, () => viewers[0] = server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result", TestServer.Viewer));
        await WaitAsync(2, () => viewers[1] = server.SendAsync(HttpMethod.Get, started.Headers.Location!.ToString(), null));
        using var third = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result", TestServer.Viewer);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, third.StatusCode);
        using var called = await server.SendAsync(HttpMethod.Post, "/globex/task/nope/job", TestServer.Stranger);
        Assert.Equal(HttpStatusCode.NotFound, called.StatusCode);
        using var attached = await server.SendAsync(HttpMethod.Get, "/globex/job/0123456789abcdef01234567/result", TestServer.Stranger);
        Assert.Equal(HttpStatusCode.NotFound, attached.StatusCode);
        gate.Open();
        foreach (var viewer in viewers)
        {
            using var answer = await viewer;
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_refused_requests_body_is_not_waited_for_and_is_not_counted()
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        var waiting = new[] { server.CallAsync(task), server.CallAsync(task) };
        await TestServer.UntilAsync(() => server.Hub.Waiters == 2);
        Assert.StartsWith("HTTP/1.1 503 ", await Bodiless.PostAsync(server, $"/acme/task/{task["id"]}/job", TestServer.User), StringComparison.Ordinal);
        gate.Open();
        await Task.WhenAll(waiting);
        using var third = await CallOnceThereIsAPlaceAsync(task);
        using var fourth = await CallOnceThereIsAPlaceAsync(task);
        Assert.StartsWith("\"calls\";r=6;", fourth.Headers.GetValues("RateLimit").Single(), StringComparison.Ordinal);
    }

    private async Task<int> UntilThereIsAPlaceAsync(JsonNode task)
    {
        using var response = await CallOnceThereIsAPlaceAsync(task);
        return (int)response.StatusCode;
    }

    /// <summary>A place is free when its request's answer has gone out, which the one who got it may see first.</summary>
    private async Task<HttpResponseMessage> CallOnceThereIsAPlaceAsync(JsonNode task)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            limit.Token.ThrowIfCancellationRequested();
            var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job");
            if (response.StatusCode != HttpStatusCode.ServiceUnavailable)
            {
                return response;
            }

            response.Dispose();
        }
    }

    /// <summary>Has one more request wait, once there is a place for it.</summary>
    private async Task WaitAsync(int waiters, Func<Task<HttpResponseMessage>> send)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            limit.Token.ThrowIfCancellationRequested();
            var request = send();
            await TestServer.UntilAsync(() => request.IsCompleted || server.Hub.Waiters == waiters, "the request waits, or is refused");
            if (!request.IsCompleted)
            {
                return;
            }

            using var refused = await request;
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        }
    }

    /// <summary>Of a rate that does not matter here.</summary>
    protected static readonly string[] Settings = ["--Limits:Waiters=2", "--Limits:CallsPerSecond=0.001", "--Limits:Burst=10"];
}

public sealed class LocalPlaceTests() : WaiterLimitTests(new Server())
{
    [Theory]
    [InlineData("Limits:Waiters=0", "Limits:Waiters must be above 0.")]
    [InlineData("Limits:Connections=0", "Limits:Connections must be above 0.")]
    [InlineData("Limits:BodyTime=00:00:00", "Limits:BodyTime must be above 0 and at most a day.")]
    [InlineData("Limits:UnauthenticatedBodies=0", "Limits:UnauthenticatedBodies must be above 0 bytes.")]
    [InlineData("Limits:FailedAuthentications=-1", "Limits:FailedAuthentications must be from 0 to 1000000.")]
    [InlineData("Limits:CallsPerSecond=-1", "Limits:CallsPerSecond must be 0, or from 0.001 to 1000000.")]
    [InlineData("Limits:CallsPerSecond=NaN", "Limits:CallsPerSecond must be 0, or from 0.001 to 1000000.")]
    [InlineData("Limits:CallsPerSecond=1e9", "Limits:CallsPerSecond must be 0, or from 0.001 to 1000000.")]
    [InlineData("Limits:Burst=-1", "Limits:Burst must be 0 or more.")]
    [InlineData("Limits:Customers:acme:CallsPerSecond=0.0001", "Limits:Customers:acme:CallsPerSecond must be 0, or from 0.001 to 1000000.")]
    [InlineData("Limits:Customers:acme:Burst=-1", "Limits:Customers:acme:Burst must be 0 or more.")]
    [InlineData("Limits:Customers:acme:Waiters=-1", "Limits:Customers:acme:Waiters must be 0 or more.")]
    [InlineData("Limits:Customers:task:CallsPerSecond=1", "Limits:Customers:task: this can't be a customer's name.")]
    public async Task A_limit_that_is_not_valid_is_refused_at_the_start(string setting, string message)
    {
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(async () =>
        {
            await using var app = Program.Build(
            [
                "--urls=http://127.0.0.1:0", $"--{setting}", "--Logging:LogLevel:Default=None", "--Logging:LogLevel:Microsoft=None", "--Logging:LogLevel:Orleans=None",
            ]);
            await app.StartAsync();
        });
        Assert.Equal([message], refusal.Failures);
    }

    private sealed class Server : TestServer
    {
        protected override string[] Settings => WaiterLimitTests.Settings;
    }
}

public sealed class TheEyePlaceTests() : WaiterLimitTests(new Server())
{
    private sealed class Server : TheEyeTestServer
    {
        protected override string[] Settings => [.. base.Settings, .. WaiterLimitTests.Settings];
    }
}
