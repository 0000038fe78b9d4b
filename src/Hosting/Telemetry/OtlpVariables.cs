using System.Globalization;
using OpenTelemetry.Exporter;

namespace SyncCluster.Hosting.Telemetry;

/// <summary>
/// OpenTelemetry's standard variables for the exporter of one signal, <c>OTEL_EXPORTER_OTLP_SIGNAL_…</c>. The exporter reads those that count for all
/// signals; of these it reads none unless it sends all signals, logs included.
/// </summary>
/// <param name="configuration">Has the variables.</param>
/// <param name="signal">The signal's name in them.</param>
internal sealed class OtlpVariables(IConfiguration configuration, string signal)
{
    private const string Prefix = "OTEL_EXPORTER_OTLP_";

    /// <summary>Whether the signal is to be sent.</summary>
    public bool IsSent =>
        (configuration[$"{Prefix}ENDPOINT"] is { Length: > 0 } || Own("ENDPOINT") is not null)
        && configuration[$"OTEL_{signal}_EXPORTER"] is not "none";

    /// <summary>Has the signal's own variables count.</summary>
    public void Apply(OtlpExporterOptions options)
    {
        if (Uri.TryCreate(Own("ENDPOINT"), UriKind.Absolute, out var endpoint))
        {
            options.Endpoint = endpoint;
        }

        if (Own("PROTOCOL") is { } protocol)
        {
            options.Protocol = protocol == "http/protobuf" ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
        }

        if (Own("HEADERS") is { } headers)
        {
            options.Headers = headers;
        }

        if (int.TryParse(Own("TIMEOUT"), CultureInfo.InvariantCulture, out var milliseconds))
        {
            options.TimeoutMilliseconds = milliseconds;
        }
    }

    private string? Own(string name) => configuration[$"{Prefix}{signal}_{name}"] is { Length: > 0 } value ? value : null;
}
