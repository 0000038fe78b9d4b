namespace SyncCluster.Hosting.Telemetry;

/// <summary>Where a Prometheus reads the metrics.</summary>
/// <param name="Listen">The address to listen at, as Kestrel takes it.</param>
/// <param name="Port">Its port.</param>
/// <param name="Path">The path of the metrics.</param>
internal sealed record PrometheusAddress(string Listen, int Port, string Path)
{
    private const string DefaultPath = "/metrics";

    /// <summary>Null: there is no address, or it is not valid.</summary>
    public static PrometheusAddress? Parse(string? address)
    {
        // Kestrel's `*` and `+`, for every address of the machine, are no host of a URI.
        var text = address?.Replace("//*:", "//[::]:", StringComparison.Ordinal).Replace("//+:", "//[::]:", StringComparison.Ordinal);
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Scheme: "http", UserInfo: "", Query: "", Fragment: "", IsDefaultPort: false }
            ? new(uri.GetLeftPart(UriPartial.Authority), uri.Port, uri.AbsolutePath is "/" ? DefaultPath : uri.AbsolutePath)
            : null;
    }
}
