using System.Net;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness.Telemetry;

namespace SyncCluster.Gateway.Tests.Telemetry;

/// <summary>What no span may show, whoever has made it: the framework, the client of HTTP, or the server.</summary>
[Collection(Measurements.Name)]
public sealed class HiddenSecretsTests
{
    private const string Argument = "the-hidden-argument";

    [Fact]
    public async Task No_token_secret_or_argument_is_in_any_span()
    {
        var server = new TracedServer();
        await server.InitializeAsync();
        try
        {
            await CallInEveryWayAsync(server, server.Receiver);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task No_token_secret_or_argument_is_in_any_span_in_front_of_TheEye()
    {
        var server = new TracedTheEyeServer();
        await server.InitializeAsync();
        try
        {
            await CallInEveryWayAsync(server, server.Receiver);
            string[] requests = [.. server.Receiver.Spans.Select(span => span["url.full"]).OfType<string>()];
            Assert.Contains(requests, request => request.EndsWith("/secret/REDACTED/job", StringComparison.Ordinal));
            Assert.Contains(requests, request => request.EndsWith("/synced", StringComparison.Ordinal));
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private static async Task CallInEveryWayAsync(TestServer server, OtlpReceiver receiver)
    {
        var task = await server.ImportAsync(
            """echo '{"data":["the-hidden-output"]}'""",
            task: new { env = new { KEY = "the-hidden-value" }, task_arguments = new[] { new { order = 0, type = "input" } } });
        var (id, secret) = (task["id"]!.GetValue<string>(), task["secret"]!.GetValue<string>());
        var arguments = $"""["{Argument}"]""";
        string[] calls =
        [
            $"/acme/task/{id}/job?access_token={TestServer.User}&task_arguments[]={Argument}",
            $"/acme/task/{id}/secret/{secret}/job",
            $"/ACME/Task/{id}/Secret/{secret}/job",
            $"/acme/task/{id}/secret/a-wrong-secret/job",
            $"/job/secret/{secret}?customer=acme&task={id}",
            $"/task/{id}/job?access_token={TestServer.User}&wait_result=true",
            $"/acme/task/{id}/job?access_token=a-wrong-token",
            $"/acme/task/{id}/a-secret-in-the-wrong-place/job?access_token=a-wrong-token",
            "/a-secret-alone",
            $"/acme/job/0123456789abcdef01234567/secret/a-wrong-job-secret/result",
        ];
        foreach (var call in calls)
        {
            (await server.SendAsync(HttpMethod.Post, call, token: null, json: arguments)).Dispose();
        }

        string location;
        using (var early = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{id}/secret/{secret}/job", token: null, json: arguments, headers: [("Prefer", "respond-async")]))
        {
            location = early.Headers.Location!.ToString();
        }

        using (var late = await server.SendAsync(HttpMethod.Get, location, token: null))
        {
            Assert.Equal(HttpStatusCode.OK, late.StatusCode);
        }

        var (trace, header) = TracedServer.NewTrace();
        using (var last = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{id}/job", json: arguments, headers: [header, ("Idempotency-Key", "the-hidden-key")]))
        {
            Assert.Equal(HttpStatusCode.OK, last.StatusCode);
        }

        await receiver.SpanAsync(trace, "POST /{customer}/task/{task}/job");
        await receiver.SpanAsync(trace, "push completion");
        var jobSecret = location.Split("/secret/")[1].Split('/')[0];
        string[] hidden =
        [
            TestServer.User, TestServer.Admin, secret, jobSecret, Argument, "a-wrong-secret", "a-wrong-token", "a-secret-in-the-wrong-place", "a-secret-alone",
            "a-wrong-job-secret", "the-hidden-value", "the-hidden-output", "the-hidden-key", "service-token",
        ];
        Assert.DoesNotContain(hidden, receiver.HasReceived);
        Assert.Contains(receiver.Spans, span => span["url.path"] == $"/acme/task/{id}/secret/REDACTED/job");
    }
}
