namespace SyncCluster.Hosting.Telemetry;

internal static partial class TelemetryExtensions
{
    [LoggerMessage(3130, LogLevel.Warning, "OTEL_TRACES_SAMPLER names the sampler {Sampler}, which there is not: all calls are traced.")]
    private static partial void LogUnknownSampler(ILogger logger, string? sampler);
}
