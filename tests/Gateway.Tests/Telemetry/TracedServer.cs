using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness.Telemetry;

namespace SyncCluster.Gateway.Tests.Telemetry;

/// <summary>A server that sends its spans to a receiver in this process.</summary>
/// <param name="settings">Its settings beside those.</param>
internal sealed class TracedServer(params string[] settings) : TestServer
{
    /// <summary>Has the answer be what the script knows of its trace: <see cref="TraceAsync"/> reads it.</summary>
    public const string Script = """printf '["%s","%s"]\n' "$TRACEPARENT" "$TRACESTATE" """;

    public OtlpReceiver Receiver { get; private set; } = null!;

    protected override string[] Settings => [.. Receiver.Settings, .. settings];

    public override async Task InitializeAsync()
    {
        Receiver = await OtlpReceiver.StartAsync();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await Receiver.DisposeAsync();
    }

    /// <summary>Calls a task with headers of a trace; what its script prints of it, and its job.</summary>
    public async Task<(string Parent, string State, string Job)> TraceAsync(JsonNode task, params (string Name, string Value)[] headers)
    {
        using var response = await SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", headers: headers);
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        var words = JsonNode.Parse(body)!.AsArray();
        return (words[0]!.GetValue<string>(), words[1]!.GetValue<string>(), response.Headers.GetValues("Job-Id").Single());
    }

    /// <summary>A <c>traceparent</c> of a new trace.</summary>
    public static (string TraceId, (string, string) Header) NewTrace(string flags = "01")
    {
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        return (trace, ("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom().ToHexString()}-{flags}"));
    }
}
