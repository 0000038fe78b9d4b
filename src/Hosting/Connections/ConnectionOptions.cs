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

    /// <summary>
    /// Requests that may be under way at once over one HTTP/2 connection; what comes above is refused by the protocol, and clients send it later. Default
    /// 1000: a call that waits is such a request, and a load balancer may have a single connection. It is no limit of what a gateway has to do, which is
    /// the same over many connections.
    /// </summary>
    public int StreamsPerConnection { get; set; } = 1000;

    /// <summary>How long requests may go on after the process was told to stop. Set by the host, not by configuration.</summary>
    internal TimeSpan DrainTime { get; set; }
}
