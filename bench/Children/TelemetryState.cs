namespace SyncCluster.Bench.Children;

/// <summary>What of its telemetry a server has. Each has all that the ones before it have.</summary>
internal enum TelemetryState
{
    /// <summary>Not even the code that would measure and trace, in a build by <c>bench/switchable-telemetry</c>.</summary>
    LeftOut,

    /// <summary>Nothing listens to it.</summary>
    Off,

    /// <summary>Metrics.</summary>
    Metrics,

    /// <summary>Metrics, and traces of one call of a hundred.</summary>
    Traces,
}
