using System.Net;
using SyncCluster.Gateway.Tests.Server;
using Gate = SyncCluster.Gateway.Tests.Api.Jobs.AttachTests.Gate;

namespace SyncCluster.Gateway.Tests.Limits;

/// <summary>How many requests of one customer may wait at a gateway: one of acme.</summary>
public abstract class CustomerWaiterLimitTests(TestServer server) : IAsyncLifetime
{
    protected static readonly string[] Settings = ["--Limits:Customers:acme:Waiters=1"];

    public Task InitializeAsync() => server.InitializeAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Above_a_customers_own_limit_the_answer_is_a_429_and_others_are_not_affected()
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        var first = server.CallAsync(task);
        await TestServer.UntilAsync(() => server.Hub.Waiters == 1);
        (HttpMethod Method, string Path, string? Token)[] requests =
        [
            (HttpMethod.Post, $"/acme/task/{task["id"]}/job", TestServer.User),
            (HttpMethod.Post, $"/acme/task/{task["id"]}/secret/{task["secret"]}/job", null),
            (HttpMethod.Get, "/acme/job/0123456789abcdef01234567/result", TestServer.Viewer),
            (HttpMethod.Get, "/job/0123456789abcdef01234567/secret/acme.x/result", null),
        ];
        foreach (var (method, path, token) in requests)
        {
            using var refused = await server.SendAsync(method, path, token);
            Assert.Equal((path, HttpStatusCode.TooManyRequests), (path, refused.StatusCode));
            Assert.Equal("\"waiters\";q=1", refused.Headers.GetValues("RateLimit-Policy").Single());
        }

        using var other = await server.SendAsync(HttpMethod.Post, "/globex/task/nope/job", TestServer.Stranger);
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        gate.Open();
        Assert.Equal((200, 1), ((await first).Status, gate.Runs));
    }
}

public sealed class LocalCustomerWaiterLimitTests() : CustomerWaiterLimitTests(new Server())
{
    private sealed class Server : TestServer
    {
        protected override string[] Settings => CustomerWaiterLimitTests.Settings;
    }
}

public sealed class TheEyeCustomerWaiterLimitTests() : CustomerWaiterLimitTests(new Server())
{
    private sealed class Server : TheEyeTestServer
    {
        protected override string[] Settings => [.. base.Settings, .. CustomerWaiterLimitTests.Settings];
    }
}
