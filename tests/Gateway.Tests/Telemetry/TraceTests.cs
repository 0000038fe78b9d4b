using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;
using SyncCluster.Harness;
using SyncCluster.Harness.Telemetry;
using SyncCluster.Hosting.Telemetry;

namespace SyncCluster.Gateway.Tests.Telemetry;

/// <summary>The spans of a server that records every call, and that does not believe what callers say of theirs.</summary>
[Collection(Measurements.Name)]
public sealed class TraceTests : IAsyncLifetime
{
    private readonly TracedServer _server = new();

    private OtlpReceiver Receiver => _server.Receiver;

    public Task InitializeAsync() => _server.InitializeAsync();

    public Task DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_call_is_a_part_of_its_callers_trace_down_to_its_script()
    {
        var (trace, header) = TracedServer.NewTrace("00");
        var (parent, state, job) = await _server.TraceAsync(await _server.ImportAsync(TracedServer.Script), header, ("tracestate", "a=1,b=2"));

        var request = await Receiver.SpanAsync(trace, "POST /{customer}/task/{task}/job");
        var run = await Receiver.SpanAsync(trace, "run script");
        Assert.Equal((header.Item2[36..52], run.ParentId), (request.ParentId, request.Id));
        Assert.Equal(($"00-{trace}-{run.Id}-01", "a=1,b=2", "a=1,b=2"), (parent, state, run.State));
        Assert.Equal(("200", job, "acme"), (request["http.response.status_code"], request["synccluster.job.id"], request["synccluster.customer"]));
        Assert.Equal(("success", job), (run["synccluster.job.state"], run["synccluster.job.id"]));
        string[] all =
        [
            "POST /{customer}/task/{task}/job", "assign job", "end job", "push completion", "queue job", "run script", "submit job", "wait for job",
            "write job", "write job", "write job",
        ];
        await Eventually.TrueAsync(() => Receiver.Trace(trace).Count >= all.Length, "the trace has all its spans");
        Assert.Equal(all, Receiver.Trace(trace).Select(span => span.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Calls_at_once_have_traces_of_their_own()
    {
        var task = await _server.ImportAsync(TracedServer.Script);
        var traces = Enumerable.Range(0, 8).Select(_ => TracedServer.NewTrace()).ToArray();
        var answers = await Task.WhenAll(traces.Select(trace => _server.TraceAsync(task, trace.Header)));
        foreach (var ((trace, _), (parent, _, job)) in traces.Zip(answers))
        {
            Assert.Equal(trace, parent[3..35]);
            await Receiver.SpanAsync(trace, "push completion");
            var jobs = Receiver.Trace(trace).Select(span => span["synccluster.job.id"]).OfType<string>().Distinct();
            Assert.Equal([job], jobs);
            Assert.Equal(3, Receiver.Trace(trace).Count(span => span.Name == "write job"));
        }
    }

    [Fact]
    public async Task Who_attaches_to_a_job_has_its_own_trace_with_a_link_to_that_of_the_job()
    {
        var (first, firstHeader) = TracedServer.NewTrace();
        var (_, _, job) = await _server.TraceAsync(await _server.ImportAsync(TracedServer.Script), firstHeader);
        var (second, secondHeader) = TracedServer.NewTrace();
        using var attached = await _server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result", headers: [secondHeader]);

        Assert.Equal(HttpStatusCode.OK, attached.StatusCode);
        Assert.Equal([first], (await Receiver.SpanAsync(second, "GET /{customer}/job/{job}/result")).Links);
        Assert.Empty((await Receiver.SpanAsync(first, "POST /{customer}/task/{task}/job")).Links);
    }

    [Fact]
    public async Task A_repeat_in_another_trace_is_the_same_call_and_is_linked_to_the_first()
    {
        var task = await _server.ImportAsync(TracedServer.Script);
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());
        var (first, firstHeader) = TracedServer.NewTrace();
        var (second, secondHeader) = TracedServer.NewTrace();
        var answer = await _server.TraceAsync(task, firstHeader, key);

        Assert.Equal(answer, await _server.TraceAsync(task, secondHeader, key));
        Assert.Equal([first], (await Receiver.SpanAsync(second, "POST /{customer}/task/{task}/job")).Links);
    }

    [Theory]
    [InlineData("00-00000000000000000000000000000000-00f067aa0ba902b7-01")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01")]
    [InlineData("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")]
    [InlineData("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-and-more")]
    [InlineData("a text")]
    [InlineData("")]
    [InlineData(null)]
    public async Task A_call_with_a_malformed_traceparent_begins_a_trace_of_its_own(string? malformed)
    {
        var (parent, state, _) = await _server.TraceAsync(
            await _server.ImportAsync(TracedServer.Script), ("traceparent", malformed ?? new string('0', 8000)), ("tracestate", "a=1"));

        Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-01$", parent);
        Assert.Equal("", state);
        Assert.NotEqual("4bf92f3577b34da6a3ce929d0e0e4736", parent[3..35]);
        var request = await Receiver.SpanAsync(parent[3..35], "POST /{customer}/task/{task}/job");
        Assert.Equal("", request.ParentId);
    }

    [Fact]
    public async Task Of_a_long_tracestate_as_many_members_are_kept_as_fit()
    {
        var members = Enumerable.Range(0, 200).Select(number => $"vendor{number:000}=1").ToArray();
        var (trace, header) = TracedServer.NewTrace();
        var (_, state, _) = await _server.TraceAsync(
            await _server.ImportAsync(TracedServer.Script), header, ("tracestate", string.Join(',', members)));

        Assert.InRange(state.Length, 1, 256);
        Assert.Equal(members.Take(state.Split(',').Length), state.Split(','));
        Assert.Equal(state, (await Receiver.SpanAsync(trace, "POST /{customer}/task/{task}/job")).State);
    }

    [Theory]
    [InlineData("a=1,b=2", "a=1,b=2")]
    [InlineData("a=\u00e9", null)]
    [InlineData("a=1\n", null)]
    [InlineData("no member", null)]
    public void A_tracestate_that_is_none_is_dropped_and_the_trace_goes_on(string given, string? expected)
    {
        var (_, (_, parent)) = TracedServer.NewTrace();
        var context = new CallerTraceContext(trustsFlag: true).Of(new HeaderDictionary { ["traceparent"] = parent, ["tracestate"] = given });
        Assert.True(ActivityContext.TryParse(parent, expected, isRemote: true, out var wanted));
        Assert.Equal(wanted, context);
    }

    [Fact]
    public async Task Probes_are_not_traced()
    {
        var (probe, header) = TracedServer.NewTrace();
        (await _server.SendAsync(HttpMethod.Get, "/health/live", token: null, headers: [header])).Dispose();
        var (later, laterHeader) = TracedServer.NewTrace();
        (await _server.SendAsync(HttpMethod.Get, "/acme/task", headers: [laterHeader])).Dispose();

        await Receiver.SpanAsync(later, "GET /{customer}/task");
        Assert.Empty(Receiver.Trace(probe));
    }
}
