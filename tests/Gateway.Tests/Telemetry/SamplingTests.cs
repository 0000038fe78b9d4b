using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Trace;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Hosting.Telemetry;

namespace SyncCluster.Gateway.Tests.Telemetry;

/// <summary>Which calls are recorded.</summary>
[Collection(Measurements.Name)]
public sealed class SamplingTests
{
    [Theory]
    [InlineData("false", "00")]
    [InlineData("true", "01")]
    public async Task A_callers_sampled_flag_is_believed_by_a_setting_only(string trusted, string expected)
    {
        var server = new TracedServer("--OTEL_TRACES_SAMPLER=parentbased_always_off", $"--Telemetry:TrustSampledFlag={trusted}");
        await server.InitializeAsync();
        var (trace, header) = TracedServer.NewTrace("01");
        string parent;
        try
        {
            (parent, _, _) = await server.TraceAsync(await server.ImportAsync(TracedServer.Script), header);
            if (trusted == "true")
            {
                await server.Receiver.SpanAsync(trace, "push completion");
            }
        }
        finally
        {
            // It sends what is left.
            await server.DisposeAsync();
        }

        // The script hears of the trace in any case, and how it was decided.
        Assert.Equal((trace, expected), (parent[3..35], parent[^2..]));
        Assert.Equal(trusted == "true", server.Receiver.Spans.Count > 0);
    }

    [Fact]
    public async Task A_call_that_is_not_recorded_has_no_trace_unless_its_caller_has_one()
    {
        var server = new TracedServer("--OTEL_TRACES_SAMPLER=always_off");
        await server.InitializeAsync();
        try
        {
            var task = await server.ImportAsync(TracedServer.Script);
            var (trace, header) = TracedServer.NewTrace();
            Assert.Equal("", (await server.TraceAsync(task)).Parent);
            Assert.Equal(trace, (await server.TraceAsync(task, header)).Parent[3..35]);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task Where_nothing_is_sent_a_script_gets_no_trace()
    {
        var server = new TestServer();
        await server.InitializeAsync();
        try
        {
            var (_, header) = TracedServer.NewTrace();
            using var response = await server.SendAsync(
                HttpMethod.Post, $"/acme/task/{(await server.ImportAsync(TracedServer.Script))["id"]}/job", json: "[]", headers: [header]);
            Assert.Equal("""["",""]""", await response.Content.ReadAsStringAsync());
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(null, null, true, true, true)]
    [InlineData(null, null, false, true, true)]
    [InlineData("parentbased_always_off", null, true, true, false)]
    [InlineData("parentbased_always_off", null, false, false, false)]
    [InlineData("parentbased_traceidratio", "0", true, true, false)]
    [InlineData("always_off", null, true, false, false)]
    [InlineData("always_on", null, false, true, true)]
    [InlineData("traceidratio", "0", true, false, false)]
    [InlineData("traceidratio", "1", false, true, true)]
    [InlineData("PARENTBASED_ALWAYS_OFF", null, true, true, false)]
    [InlineData("jaeger_remote", null, true, true, true)]
    [InlineData("traceidratio", "more", true, true, true)]
    public void The_standard_variables_decide(string? name, string? argument, bool trusts, bool ofSampledCaller, bool ofNoCaller)
    {
        var sampler = SamplerOf(name, argument, trusts);
        Assert.Equal((ofSampledCaller, ofNoCaller), (IsSampled(sampler, Caller("01")), sampler.BeginTrace() is not null));
    }

    [Fact]
    public void A_caller_that_is_not_trusted_cannot_choose_an_id_that_is_sampled()
    {
        // The lowest ids are sampled at any rate.
        var chosen = ActivityContext.Parse("00-00000000000000000000000000000001-00f067aa0ba902b7-01", null);
        var parent = new ActivityContext(chosen.TraceId, chosen.SpanId, chosen.TraceFlags, isRemote: true);
        Assert.True(IsSampled(SamplerOf("traceidratio", "0.000001", trusts: true), parent));
        Assert.False(IsSampled(SamplerOf("traceidratio", "0.000001", trusts: false), parent));
    }

    [Fact]
    public void What_is_done_for_a_call_follows_the_decision_that_was_made_for_it()
    {
        var sampler = SamplerOf("always_off", null, trusts: false);
        Assert.True(IsSampled(sampler, Caller("01"), ActivityKind.Internal));
        Assert.False(IsSampled(SamplerOf("always_on", null, trusts: false), Caller("00"), ActivityKind.Internal));
    }

    [Theory]
    [InlineData(ActivityKind.Client)]
    [InlineData(ActivityKind.Internal)]
    public void What_is_done_for_no_call_is_not_recorded(ActivityKind kind) =>
        Assert.False(IsSampled(SamplerOf("always_on", null, trusts: false), default, kind));

    private static CallSampler SamplerOf(string? name, string? argument, bool trusts) => CallSampler.Of(
        new ConfigurationBuilder().AddInMemoryCollection([new("OTEL_TRACES_SAMPLER", name), new("OTEL_TRACES_SAMPLER_ARG", argument)]).Build(), trusts, out _);

    private static ActivityContext Caller(string flags) => ActivityContext.TryParse(
        $"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}", null, isRemote: true, out var context) ? context : default;

    private static bool IsSampled(CallSampler sampler, ActivityContext parent, ActivityKind kind = ActivityKind.Server) =>
        sampler.ShouldSample(new SamplingParameters(
            parent, parent.TraceId == default ? ActivityTraceId.CreateRandom() : parent.TraceId, "a request", kind)).Decision == SamplingDecision.RecordAndSample;
}
