namespace SyncCluster.Hosting.Telemetry;

/// <summary>How the server is observed, beside the standard variables of OpenTelemetry (<c>OTEL_…</c>).</summary>
internal sealed class TelemetryOptions
{
    public const string Section = "Telemetry";

    /// <summary>
    /// An address of its own, such as <c>http://0.0.0.0:9464/metrics</c>, at which a Prometheus may read the metrics; null, the default, for none.
    /// There is nothing else at this port, and nobody is asked for a token there: the network has to keep strangers out.
    /// </summary>
    public string? Prometheus { get; set; }

    /// <summary>
    /// Whether the sampled flag of a caller's <c>traceparent</c> decides that its call is traced. Default false: a caller's trace is continued, and
    /// <c>OTEL_TRACES_SAMPLER</c> decides as for a call without one. Set it where all callers are your own.
    /// </summary>
    public bool TrustSampledFlag { get; set; }

    /// <summary>The level of the lines that say that a job was submitted, assigned and ended. Default debug.</summary>
    public LogLevel JobEvents { get; set; } = LogLevel.Debug;
}
