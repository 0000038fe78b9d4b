using SyncCluster.TheEye.Faults;

namespace SyncCluster.Gateway.Tests.Telemetry;

/// <summary>What TheEye hears of a call's trace.</summary>
[Collection(Measurements.Name)]
public sealed class TheEyeTraceTests
{
    [Theory]
    [InlineData("always_on", "01")]
    [InlineData("always_off", "00")]
    public async Task Each_request_to_TheEye_carries_the_trace_of_its_own_call(string sampler, string flags)
    {
        var server = new TracedTheEyeServer($"--OTEL_TRACES_SAMPLER={sampler}");
        await server.InitializeAsync();
        try
        {
            var task = await server.ImportAsync("""echo '["done"]'""");
            (string TraceId, (string, string) Header)[] traces = [TracedServer.NewTrace(), TracedServer.NewTrace()];
            foreach (var (_, header) in traces)
            {
                (await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", headers: [header])).Dispose();
            }

            // The gateway creates a job, and a silo releases it and reads its end.
            foreach (var step in (Step[])[Step.Create, Step.Synced, Step.Job])
            {
                var heard = server.TheEye.Counters.Traced.Where(request => request.Step == step).Select(request => request.TraceParent).ToArray();
                Assert.All(traces, trace => Assert.Contains(heard, parent => parent[3..35] == trace.TraceId && parent.EndsWith(flags, StringComparison.Ordinal)));
                Assert.All(heard, parent => Assert.Contains(traces, trace => trace.TraceId == parent[3..35]));
            }
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("always_on", "01", 1)]
    [InlineData("always_off", "00", 3)]
    public async Task A_call_without_a_trace_begins_one_at_TheEye_only_if_it_is_recorded(string sampler, string flags, int traces)
    {
        var server = new TracedTheEyeServer($"--OTEL_TRACES_SAMPLER={sampler}");
        await server.InitializeAsync();
        try
        {
            var task = await server.ImportAsync("""echo '["done"]'""");
            (await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]")).Dispose();

            // Else each request has an id of its own, which says that nothing is recorded.
            string[] heard = [.. ((Step[])[Step.Create, Step.Synced, Step.Job]).Select(step =>
                server.TheEye.Counters.Traced.First(request => request.Step == step).TraceParent)];
            Assert.Equal(traces, heard.Select(parent => parent[3..35]).Distinct().Count());
            Assert.All(heard, parent => Assert.EndsWith(flags, parent, StringComparison.Ordinal));
        }
        finally
        {
            await server.DisposeAsync();
        }
    }
}
