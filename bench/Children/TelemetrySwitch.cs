using System.Diagnostics.Metrics;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using SyncCluster.Harness.Processes;
using SyncCluster.Hosting.Telemetry;
using SyncCluster.Telemetry;

namespace SyncCluster.Bench.Children;

/// <summary>
/// Switches the telemetry of a server while it runs. A server that has it off and then on is compared with itself: two equal processes differ by more
/// than what is looked for.
/// </summary>
/// <param name="services">The server's services, among them the configuration of its telemetry.</param>
/// <param name="server">The container that has been built from them.</param>
internal sealed class TelemetrySwitch(IServiceCollection services, IServiceProvider server)
{
    private const string Path = "/bench/telemetry";

    /// <summary>How often more what measures and traces runs in <see cref="TelemetryState.Repeated"/>.</summary>
    public const int Repetitions = 20;

    /// <summary>What <c>bench/repeated-telemetry</c> adds: how often it runs each time.</summary>
    private static readonly FieldInfo? Times = typeof(ServerTraces).GetField("Times");

    private MeterProvider? _metrics = server.GetService<MeterProvider>();
    private TracerProvider? _traces = server.GetService<TracerProvider>();

    /// <summary>Has made the providers, but for the first ones. A container makes one of each.</summary>
    private ServiceProvider? _container;

    /// <summary>Whether this build has <see cref="TelemetryState.Repeated"/>.</summary>
    public static bool CanRepeat => Times is not null;

    /// <summary>Lets requests switch a server.</summary>
    public static void Map(IEndpointRouteBuilder routes, IServiceCollection services)
    {
        var made = new TelemetrySwitch(services, routes.ServiceProvider);
        routes.MapPost($"{Path}/{{state}}", (TelemetryState state) => made.Set(state));
        routes.MapPost($"{Path}/send-spans", () => made.SendSpans());
        routes.MapPost($"{Path}/send-metrics", () => made.SendMetrics());
    }

    /// <summary>Switches a server.</summary>
    public static Task SetAsync(HttpClient http, Server server, TelemetryState state, CancellationToken stop) => PostAsync(http, server, $"{state}", stop);

    /// <summary>Sends the spans that a server has ended so far, as it does every five seconds.</summary>
    public static Task SendSpansAsync(HttpClient http, Server server, CancellationToken stop) => PostAsync(http, server, "send-spans", stop);

    /// <summary>Sends the values of a server's metrics, as it does once a minute.</summary>
    public static Task SendMetricsAsync(HttpClient http, Server server, CancellationToken stop) => PostAsync(http, server, "send-metrics", stop);

    /// <exception cref="InvalidOperationException">The server has not done it.</exception>
    private static async Task PostAsync(HttpClient http, Server server, string what, CancellationToken stop)
    {
        using var answer = await http.PostAsync(new Uri(server.Address!, $"{Path}/{what}"), content: null, stop);
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{server.Name} has answered {what} with {answer.StatusCode}.\n{server.Process.Tail}");
        }
    }

    private void Set(TelemetryState state)
    {
        _metrics?.Dispose();
        _traces?.Dispose();
        _container?.Dispose();
        Times?.SetValue(null, state == TelemetryState.Repeated ? 1 + Repetitions : 1);
        _container = NewContainer();
        _metrics = _container.GetRequiredService<MeterProvider>();
        _traces = _container.GetRequiredService<TracerProvider>();

        // Each switch does the same, whatever the state: some of its code is compiled later, while calls are measured.
        if (state < TelemetryState.Metrics)
        {
            _metrics.Dispose();
        }

        if (state < TelemetryState.Traces)
        {
            _traces.Dispose();
        }

        // What has been made is old in a server that runs for long, and what the last state has left behind is not there: two collections see to both.
        GC.Collect();
        GC.Collect();
    }

    private IResult SendSpans() => Done(_traces?.ForceFlush());

    private IResult SendMetrics() => Done(_metrics?.ForceFlush());

    private static IResult Done(bool? isDone) => isDone == true ? TypedResults.Ok() : TypedResults.InternalServerError();

    /// <summary>It only makes what the providers need. The meters and the decisions about traces are the server's.</summary>
    private ServiceProvider NewContainer()
    {
        var all = new ServiceCollection { services };
        all.AddSingleton(server.GetRequiredService<IMeterFactory>());
        all.AddSingleton(server.GetRequiredService<CallSampler>());
        return all.BuildServiceProvider();
    }
}
