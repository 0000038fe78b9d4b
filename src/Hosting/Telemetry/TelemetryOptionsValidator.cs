using Microsoft.Extensions.Options;

namespace SyncCluster.Hosting.Telemetry;

/// <inheritdoc/>
internal sealed class TelemetryOptionsValidator : IValidateOptions<TelemetryOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, TelemetryOptions options) =>
        string.IsNullOrEmpty(options.Prometheus) || PrometheusAddress.Parse(options.Prometheus) is not null
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                "Telemetry:Prometheus must be an address of its own with a port, such as `http://127.0.0.1:9464/metrics`, without a user, a query or https.");
}
