using System.Diagnostics.Metrics;
using System.Reflection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Settings;
using SyncCluster.Telemetry;

namespace SyncCluster.Hosting.Telemetry;

/// <summary>
/// OpenTelemetry, for gateways and silos. It is off, and costs nothing, unless an OTLP endpoint or an address for Prometheus is configured.
/// </summary>
internal static partial class TelemetryExtensions
{
    /// <summary>
    /// How the names begin of what Orleans and the framework measure for each message, activation, buffer or request, and what nobody needs who has
    /// the metrics of this server: together they would cost a call more than all the others.
    /// </summary>
    private static readonly string[] TooFrequent =
    [
        "orleans-messaging-sent-messages-size",
        "orleans-messaging-received-messages-size",
        "orleans-gateway-sent",
        "orleans-gateway-received",
        "orleans-grains",
        "orleans-app-requests-latency",
        "orleans-catalog-activation-created",
        "orleans-catalog-activation-destroyed",
        "orleans-catalog-activation-latency",
        "orleans-catalog-activation-shutdown",
        "orleans-catalog-deactivation-latency",
        "orleans-directory-lookups",
        "orleans-directory-registration",
        "orleans-directory-unregistration",
        "orleans-messaging-processing",
        "orleans-messaging-rerouted",
        "http.server.active_requests",
        "kestrel.active_connections",
        "kestrel.queued_connections",
    ];

    /// <summary>
    /// The framework's meters of requests. <c>AddAspNetCoreInstrumentation</c> has more of them, and passes each request through an asynchronous
    /// middleware of its own.
    /// </summary>
    private static readonly string[] RequestMeters =
        ["Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.Diagnostics"];

    /// <summary>Its buckets end at 10 s by default: a call may wait for minutes. It has a value for each route, method and status.</summary>
    private const string RequestDuration = "http.server.request.duration";

    /// <summary>How many values any other metric may have. Memory is taken for all of them at the start, and the garbage collector has it to look through.</summary>
    private const int ValueLimit = 200;

    /// <summary>Adds what reads the instruments and sends or shows their values, and what sends the spans.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="service">What the server is; <c>OTEL_SERVICE_NAME</c> overrides it.</param>
    public static void AddTelemetry(this WebApplicationBuilder builder, string service)
    {
        var configuration = builder.Configuration;
        builder.Services.AddValidatedOptions<TelemetryOptions, TelemetryOptionsValidator>(TelemetryOptions.Section);
        var prometheus = PrometheusAddress.Parse(configuration[$"{TelemetryOptions.Section}:{nameof(TelemetryOptions.Prometheus)}"]);
        var otlp = new OtlpVariables(configuration, "METRICS");
        var traces = new OtlpVariables(configuration, "TRACES");
        if ((prometheus is null && !otlp.IsSent && !traces.IsSent) || IsOn(configuration, "OTEL_SDK_DISABLED"))
        {
            return;
        }

        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => Describe(resource, service, configuration));
        if (traces.IsSent)
        {
            builder.AddTraces(telemetry, traces);
        }

        if (prometheus is null && !otlp.IsSent)
        {
            return;
        }

        telemetry.WithMetrics(metrics =>
        {
            metrics.AddMeter([ServerMetrics.MeterName, "Microsoft.Orleans", .. RequestMeters]);
            metrics.AddHttpClientInstrumentation();
            metrics.AddRuntimeInstrumentation();

            ((IDeferredMeterProviderBuilder)metrics).Configure((services, configured) => configured.AddView(instrument => StreamOf(instrument, services)));
            if (otlp.IsSent)
            {
                metrics.AddOtlpExporter(otlp.Apply);
            }

            if (prometheus is not null)
            {
                metrics.AddPrometheusExporter(options => options.ScrapeResponseCacheDurationMilliseconds = 0);
            }
        });
        if (prometheus is not null)
        {
            builder.Services.AddSingleton(prometheus);
            builder.ListenAlso("Prometheus", prometheus.Listen);
        }
    }

    /// <summary>How an instrument is read.</summary>
    private static MetricStreamConfiguration StreamOf(Instrument instrument, IServiceProvider services) =>
        IsOfAnother(instrument.Meter, services) || Array.Exists(TooFrequent, name => instrument.Name.StartsWith(name, StringComparison.Ordinal))
            ? MetricStreamConfiguration.Drop
            : instrument.Name == RequestDuration
                ? new ExplicitBucketHistogramConfiguration { Boundaries = ServerMetrics.WaitBuckets }
                : new() { CardinalityLimit = ValueLimit };

    /// <summary>Meters are found by their names: so those of another server in this process are as well.</summary>
    private static bool IsOfAnother(Meter meter, IServiceProvider services) =>
        meter.Scope is IMeterFactory factory && factory != services.GetRequiredService<IMeterFactory>();

    /// <summary>Shows the metrics at the port of <see cref="TelemetryOptions.Prometheus"/>, and nothing else there. Must come first.</summary>
    public static void UsePrometheus(this WebApplication app)
    {
        if (app.Services.GetService<PrometheusAddress>() is { } address)
        {
            app.MapWhen(http => http.Connection.LocalPort == address.Port, metrics =>
            {
                metrics.UseOpenTelemetryPrometheusScrapingEndpoint(address.Path);
                metrics.Run(http =>
                {
                    http.Response.StatusCode = StatusCodes.Status404NotFound;
                    return Task.CompletedTask;
                });
            });
        }
    }

    /// <summary>Has the spans of requests started. Must come before all else that is measured.</summary>
    public static void UseTraces(this WebApplication app)
    {
        if (app.Services.GetService<TracerProvider>() is not null)
        {
            app.UseMiddleware<RequestSpanMiddleware>();
        }
    }

    /// <summary>
    /// The spans of this server and of its requests to others. Orleans' own (<c>AddActivityPropagation</c>) are left out: they pass each call of a grain
    /// through two more filters, sampled or not, and show the messages of exceptions.
    /// </summary>
    private static void AddTraces(this WebApplicationBuilder builder, OpenTelemetryBuilder telemetry, OtlpVariables otlp)
    {
        var trustsFlag = IsOn(builder.Configuration, $"{TelemetryOptions.Section}:{nameof(TelemetryOptions.TrustSampledFlag)}");
        builder.Services.AddSingleton(new CallerTraceContext(trustsFlag));
        builder.Services.AddSingleton(services => SamplerOf(services, trustsFlag));
        telemetry.WithTracing(traces =>
        {
            traces.AddSource(ServerTraces.SourceName, "System.Net.Http");
            traces.SetSampler<CallSampler>();
            traces.AddProcessor(new AddressRedaction());
            traces.AddOtlpExporter(otlp.Apply);
        });
    }

    private static CallSampler SamplerOf(IServiceProvider services, bool trustsFlag)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        var sampler = CallSampler.Of(configuration, trustsFlag, out var isKnown);
        if (!isKnown)
        {
            var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(TelemetryExtensions));
            LogUnknownSampler(logger, configuration[CallSampler.Setting]);
        }

        return sampler;
    }

    private static bool IsOn(ConfigurationManager configuration, string setting) => bool.TryParse(configuration[setting], out var isOn) && isOn;

    private static void Describe(ResourceBuilder resource, string service, IConfiguration configuration)
    {
        var version = typeof(TelemetryExtensions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        resource.AddService(service, serviceVersion: version);
        resource.AddAttributes([new("synccluster.cluster", RedisClusterOptions.Of(configuration).Name)]);

        // The operator's own words come last, and so win.
        resource.AddEnvironmentVariableDetector();
    }
}
