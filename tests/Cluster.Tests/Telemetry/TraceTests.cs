using System.Diagnostics;
using System.Text.Json;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Cluster.Tests.Redis;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;
using SyncCluster.Harness.Telemetry;

namespace SyncCluster.Cluster.Tests.Telemetry;

/// <summary>
/// What those who run a cluster see of a call that outlives its silo. It takes real processes: the spans of a killed one are never sent, and its log
/// is what it has printed.
/// </summary>
public sealed class TraceTests : IAsyncLifetime
{
    private readonly DemoCluster _cluster = new();
    private OtlpReceiver _receiver = null!;

    private string Recipes => Path.Combine(_cluster.Folder, "tasks");

    private string Latch => Path.Combine(_cluster.Folder, "latch");

    public async Task InitializeAsync()
    {
        if (ClusterFactAttribute.SkipReason is not null)
        {
            return;
        }

        _receiver = await OtlpReceiver.StartAsync();
        foreach (var (name, value) in _receiver.Variables)
        {
            _cluster.Variables[name] = value;
        }

        // Only what a caller samples, and its flag is believed.
        _cluster.Variables["OTEL_TRACES_SAMPLER"] = "parentbased_always_off";
        _cluster.Variables["Telemetry__TrustSampledFlag"] = "true";
        _cluster.Variables["Telemetry__JobEvents"] = "Information";
        _cluster.Variables["Logging__Console__FormatterName"] = "json";
        await _cluster.Redis.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        if (_receiver is not null)
        {
            await _receiver.DisposeAsync();
        }
    }

    [ClusterFact]
    public async Task A_call_whose_silo_is_killed_while_it_waits_is_one_trace_from_its_client_to_its_scripts_own_span()
    {
        Directory.CreateDirectory(Recipes);
        await new DemoTask("block") { Script = $"echo > {Latch}; sleep 600" }.WriteAsync(Recipes);
        await new DemoTask("traced")
        {
            Script = $$"""
                IFS=- read -r _ trace parent _ <<.
                $TRACEPARENT
                .
                curl -sf -H 'Content-Type: application/json' {{_receiver.Address}}/v1/traces -d '{"resourceSpans":[{"scopeSpans":[{"spans":[
                  {"traceId":"'$trace'","spanId":"00f067aa0ba902b7","parentSpanId":"'$parent'","name":"work of the script"}]}]}]}' >&2
                printf '["%s","%s"]\n' "$TRACEPARENT" "$TRACESTATE"
                """,
        }.WriteAsync(Recipes);
        var first = _cluster.NewSilo("silo 1", "--LocalExecutor:Concurrency=1");
        await first.StartAsync();
        var gateway = _cluster.NewGateway("gateway", $"--Demo:Folder={Recipes}");
        await gateway.StartAsync();

        // The only worker is taken, so that the traced job waits in the queue of the silo that is killed.
        var blocking = DemoCluster.SendAsync(gateway, HttpMethod.Post, "/demo/task/block/job", "[]");
        await Eventually.TrueAsync(() => File.Exists(Latch), "the worker is taken");
        var (trace, client) = (ActivityTraceId.CreateRandom().ToHexString(), ActivitySpanId.CreateRandom().ToHexString());
        var call = DemoCluster.SendAsync(
            gateway, HttpMethod.Post, "/demo/task/traced/job", "[]", ("traceparent", $"00-{trace}-{client}-01"), ("tracestate", "vendor=1"));
        await _receiver.SpanAsync(trace, "submit job");
        await Eventually.TrueAsync(
            () => first.Lines.Any(line => Entry.Of(line.Text) is { EventId: 1070 } submitted && submitted.Scope("TraceId") == trace),
            "the submit is logged");
        var second = _cluster.NewSilo("silo 2", "--LocalExecutor:Concurrency=1");
        await second.StartAsync();
        first.Kill();

        var (status, body) = await call;
        Assert.True(status == 200, body);
        Assert.Equal(500, (await blocking).Status);
        var run = await _receiver.SpanAsync(trace, "run script");
        Assert.Equal([$"00-{trace}-{run.Id}-01", "vendor=1"], JsonSerializer.Deserialize<string[]>(body)!);

        // What the call has passed, each with the one that it is a part of.
        (string Name, string Parent, string Service)[] parts =
        [
            ("POST /{customer}/task/{task}/job", "", "synccluster-gateway"),
            ("wait for job", "POST /{customer}/task/{task}/job", "synccluster-gateway"),
            ("submit job", "POST /{customer}/task/{task}/job", "synccluster-silo"),
            ("take over job", "POST /{customer}/task/{task}/job", "synccluster-silo"),
            ("queue job", "POST /{customer}/task/{task}/job", "synccluster-silo"),
            ("assign job", "POST /{customer}/task/{task}/job", "synccluster-silo"),
            ("run script", "POST /{customer}/task/{task}/job", "synccluster-silo"),
            ("work of the script", "run script", ""),
            ("end job", "POST /{customer}/task/{task}/job", "synccluster-silo"),
            ("push completion", "end job", "synccluster-silo"),
        ];
        foreach (var (name, parent, service) in parts)
        {
            var span = await _receiver.SpanAsync(trace, name);
            var expected = parent.Length == 0 ? client : (await _receiver.SpanAsync(trace, parent)).Id;
            Assert.Equal((name, expected, service), (name, span.ParentId, span.Service));
        }

        var spans = _receiver.Trace(trace);
        Assert.All(
            (string[])["take over job", "assign job", "end job"],
            part => Assert.Contains(spans, span => span.Name == "write job" && span.ParentId == spans.First(other => other.Name == part).Id));

        // Each line of the log says which job and which trace it is of.
        var job = run["synccluster.job.id"]!;
        await Eventually.TrueAsync(() => second.Lines.Any(line => Entry.Of(line.Text) is { EventId: 1072 } ended && ended.Names(job)), "the end is logged");
        foreach (var (silo, events) in ((Server, int[])[])[(first, [1070]), (second, [1071, 1072])])
        {
            var entries = silo.Lines.Select(line => Entry.Of(line.Text)).Where(entry => entry?.Names(job) == true).ToArray();
            Assert.Equal(events, entries.Select(entry => entry!.EventId).Intersect([1070, 1071, 1072]));
            Assert.All(entries, entry => Assert.Equal(("demo", "traced", trace), (entry!.Scope("Customer"), entry.Scope("TaskId"), entry.Scope("TraceId"))));
        }
    }

    /// <summary>A line of a log in JSON.</summary>
    private sealed record Entry(int EventId, JsonElement Line)
    {
        /// <summary>Null: the line is no entry.</summary>
        public static Entry? Of(string line)
        {
            if (!line.StartsWith('{'))
            {
                return null;
            }

            using var json = JsonDocument.Parse(line);
            return new(json.RootElement.GetProperty(nameof(EventId)).GetInt32(), json.RootElement.Clone());
        }

        public bool Names(string job) => Scope("JobId") == job;

        public string? Scope(string name) => Line.GetProperty("Scopes").EnumerateArray()
            .Select(scope => scope.ValueKind == JsonValueKind.Object && scope.TryGetProperty(name, out var value) ? value.GetString() : null)
            .FirstOrDefault(value => value is not null);
    }
}
