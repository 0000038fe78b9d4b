namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// TLS between the silos and gateways of a cluster. Section <c>Cluster:Tls</c>, for all of them or for none. Each shows a certificate and refuses
/// those that have none of the same authority; names in certificates are not compared. All files are PEM.
/// </summary>
public sealed class ClusterTlsOptions
{
    /// <summary>The file of this server's certificate, and after it of those between it and the authority. Default empty: no TLS.</summary>
    public string Certificate { get; set; } = "";

    /// <summary>The file of the certificate's private key. Default: the file of the certificate.</summary>
    public string Key { get; set; } = "";

    /// <summary>The file of the authority's root certificate, or of several. Every process with a certificate of it can join the cluster.</summary>
    public string Authority { get; set; } = "";

    internal bool IsEnabled => Certificate.Length > 0 || Key.Length > 0 || Authority.Length > 0;
}
