namespace SyncCluster.Hosting.Authentication;

/// <summary>How many wrong tokens and secrets are answered as they are meant. Section <c>Limits</c>.</summary>
internal sealed class FailedAuthenticationOptions
{
    public const string Section = "Limits";

    /// <summary>
    /// Requests with an unknown token or a wrong secret that are answered 401 in a minute, of an address or an IPv6 network (/64). Those above it are
    /// answered 429. Default 30; 0: no limit, and none is logged.
    /// </summary>
    public int FailedAuthentications { get; set; } = 30;
}
