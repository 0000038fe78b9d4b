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

    /// <summary>What <c>bench/switchable-telemetry</c> adds: while it is true, what measures and traces is left out.</summary>
    private static readonly FieldInfo? IsLeftOut = typeof(ServerTraces).GetField("IsLeftOut");

    private MeterProvider? _metrics = server.GetService<MeterProvider>();
    private TracerProvider? _traces = server.GetService<TracerProvider>();

    /// <summary>Has made the providers, but for the first ones. A container makes one of each.</summary>
    private ServiceProvider? _container;

    /// <summary>Whether this build can leave out the code itself.</summary>
    public static bool CanLeaveOut => IsLeftOut is not null;

    /// <summary>Lets requests switch a server.</summary>
    public static void Map(IEndpointRouteBuilder routes, IServiceCollection services)
    {
        var made = new TelemetrySwitch(services, routes.ServiceProvider);
        routes.MapPost($"{Path}/{{state}}", (TelemetryState state) => made.Set(state));
        routes.MapPost($"{Path}/flush", () => made.Flush());
        routes.MapPost($"{Path}/collect", () => made.Collect());
    }

    /// <summary>Switches a server.</summary>
    public static Task SetAsync(HttpClient http, Server server, TelemetryState state, CancellationToken stop) => PostAsync(http, server, $"{state}", stop);

    /// <summary>Sends the spans that a server has ended so far, as it does every five seconds.</summary>
    public static Task FlushAsync(HttpClient http, Server server, CancellationToken stop) => PostAsync(http, server, "flush", stop);

    /// <summary>Sends the values of a server's metrics, as it does once a minute.</summary>
    public static Task CollectAsync(HttpClient http, Server server, CancellationToken stop) => PostAsync(http, server, "collect", stop);

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
        IsLeftOut?.SetValue(null, state == TelemetryState.LeftOut);
        _container = NewContainer();
        _metrics = state >= TelemetryState.Metrics ? _container.GetRequiredService<MeterProvider>() : null;
        _traces = state >= TelemetryState.Traces ? _container.GetRequiredService<TracerProvider>() : null;

        // What the last state has left behind is not a cost of the next one.
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    private IResult Flush() => Done(_traces?.ForceFlush());

    private IResult Collect() => Done(_metrics?.ForceFlush());

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
