namespace SyncCluster.Hosting.Connections;

/// <summary>The connections of a gateway's or a silo's web server. Section <c>Limits</c>, which a gateway has more settings in.</summary>
internal sealed class ConnectionOptions
{
    public const string Section = "Limits";

    /// <summary>
    /// Connections that may be open at once, over all addresses; what comes above is closed. Default: the process's limit of open files without a reserve
    /// (<see cref="ConnectionLimit"/>), at most 32,000. More than that limit allows is lowered.
    /// </summary>
    public int? Connections { get; set; }

    /// <summary>How long requests may go on after the process was told to stop. Set by the host, not by configuration.</summary>
    internal TimeSpan DrainTime { get; set; }
}
