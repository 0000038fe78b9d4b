using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Tests.Api.Jobs;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Limits;

/// <summary>Bodies that are read to find a token in them, at a server that has room for one large one and a half.</summary>
public abstract class UnauthenticatedBodyTests(TestServer server) : IAsyncLifetime
{
    private const int Large = 90_000;
    private const int Together = 135_000;

    protected static readonly string[] Settings = ["--Limits:Body=100000", $"--Limits:UnauthenticatedBodies={Together}"];

    public Task InitializeAsync() => server.InitializeAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Bodies_without_a_token_outside_them_are_refused_together_when_they_hold_too_much()
    {
        var task = await server.ImportAsync("""echo '["1"]'""");
        using var held = await SendPartAsync(task);
        var answer = held.ReadHeadAsync();

        // Of two that come at once both may be refused.
        await TestServer.UntilAsync(() => Free < Together - Large);
        using var refused = await SendPartAsync(task);
        var head = await refused.ReadHeadAsync();
        Assert.Equal(503, RawConnection.StatusOf(head));
        Assert.Contains("Retry-After: 5\r\n", head, StringComparison.Ordinal);
        Assert.False(answer.IsCompleted);

        // Neither a body of a known sender nor a small one is refused.
        Assert.Equal(200, (await server.CallAsync(task, $"[\"{new string('x', Large)}\"]")).Status);
        Assert.Equal(200, await CallAsync(task, size: 1));

        // It is the body that is left, and not what became of the other one.
        Assert.Equal(503, await CallAsync(task, Large));
        held.Dispose();
        await TestServer.UntilAsync(() => Free >= Large);
        Assert.Equal(200, await CallAsync(task, Large));
    }

    [Fact]
    public async Task A_body_whose_token_was_accepted_counts_no_longer()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        var waiting = CallAsync(task, Large);
        await TestServer.UntilAsync(() => server.Hub.Waiters == 1);
        var also = CallAsync(task, Large);
        await TestServer.UntilAsync(() => server.Hub.Waiters == 2);
        gate.Open();
        Assert.Equal((200, 200), (await waiting, await also));
    }

    [Fact]
    public async Task A_body_with_a_wrong_token_is_given_back_with_its_answer()
    {
        var task = await server.ImportAsync("""echo '["1"]'""");
        for (var call = 0; call < 5; call++)
        {
            Assert.Equal(401, await CallAsync(task, Large, token: "nobodys-token"));
            await TestServer.UntilAsync(() => Free >= Large);
        }
    }

    [Fact]
    public async Task Of_a_call_by_secret_the_body_counts_until_the_secret_is_known_to_be_right()
    {
        var gate = new AttachTests.Gate(server);
        var task = await server.ImportAsync(gate.Script);
        var first = CallWithSecretAsync(task);
        await TestServer.UntilAsync(() => Free < Together - Large || server.Hub.Waiters == 1);
        var calls = new[] { first, CallWithSecretAsync(task) };
        await TestServer.UntilAsync(() => server.Hub.Waiters + calls.Count(call => call.IsCompleted) == 2);
        await TestServer.UntilAsync(() => Free >= Large);
        gate.Open();
        var answers = await Task.WhenAll(calls);
        Assert.Contains(200, answers);
        Assert.All(answers, answer => Assert.True(answer == 200 || (answer == 503 && !ChecksSecrets)));
    }

    protected virtual bool ChecksSecrets => true;

    private long Free => server.App.Services.GetRequiredService<UnauthenticatedBodies>().Free;

    private async Task<RawConnection> SendPartAsync(JsonNode task)
    {
        var connection = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        await connection.SendAsync(
            $"POST /acme/task/{task["id"]}/job HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {Large + 1000}\r\n\r\n"
            + $"[\"{new string('x', Large)}");
        return connection;
    }

    private async Task<int> CallAsync(JsonNode task, int size, string token = TestServer.User)
    {
        var body = $$"""{"access_token":"{{token}}","task_arguments":["{{new string('x', size)}}"]}""";
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", token: null, body);
        return (int)response.StatusCode;
    }

    private async Task<int> CallWithSecretAsync(JsonNode task)
    {
        var path = $"/acme/task/{task["id"]}/secret/{task["secret"]}/job";
        using var response = await server.SendAsync(HttpMethod.Post, path, token: null, $"[\"{new string('x', Large)}\"]");
        return (int)response.StatusCode;
    }
}

public sealed class LocalUnauthenticatedBodyTests() : UnauthenticatedBodyTests(new Server())
{
    private sealed class Server : TestServer
    {
        protected override string[] Settings => UnauthenticatedBodyTests.Settings;
    }
}

public sealed class TheEyeUnauthenticatedBodyTests() : UnauthenticatedBodyTests(new Server())
{
    protected override bool ChecksSecrets => false;

    private sealed class Server : TheEyeTestServer
    {
        protected override string[] Settings => [.. base.Settings, .. UnauthenticatedBodyTests.Settings];
    }
}
