namespace SyncCluster.Gateway.Limits;

/// <summary>How large requests may be. Section <c>Limits</c>.</summary>
internal sealed class RequestLimits
{
    public const string Section = "Limits";

    /// <summary>Bytes in the body of a call. Default 1 MiB.</summary>
    public int Body { get; set; } = 1 << 20;

    /// <summary>Bytes in the body of an import. Default 8 MiB.</summary>
    public int Import { get; set; } = 8 << 20;
}
