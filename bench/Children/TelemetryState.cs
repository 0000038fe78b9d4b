namespace SyncCluster.Bench.Children;

/// <summary>What of its telemetry a server has.</summary>
internal enum TelemetryState
{
    /// <summary>Nothing listens to it.</summary>
    Off,

    /// <summary>Nothing listens to it, and what measures and traces runs many times, in a build by <c>bench/repeated-telemetry</c>.</summary>
    Repeated,

    /// <summary>Metrics.</summary>
    Metrics,

    /// <summary>Metrics, and traces of one call of a hundred.</summary>
    Traces,
}
