using System.Net.Security;
using Orleans.Connections.Security;
using SyncCluster.Telemetry;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// TLS for the connections between silos and gateways, with certificates on both sides. When a connection is made a minute or more after the files
/// were read, they are read again: a certificate is renewed by replacing its files. A connection that stands is not checked again.
/// </summary>
internal sealed partial class ClusterTls
{
    private static readonly TimeSpan Freshness = TimeSpan.FromMinutes(1);

    private readonly ClusterTlsOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<ClusterTls> _logger;
    private readonly Lock _lock = new();
    private ClusterCertificate _certificate;
    private long _readAt;

    /// <exception cref="InvalidDataException">The files are not valid.</exception>
    public ClusterTls(RedisClusterOptions settings, ServerMetrics metrics, TimeProvider timeProvider, ILogger<ClusterTls> logger)
    {
        (_options, _timeProvider, _logger) = (settings.Tls, timeProvider, logger);
        _certificate = ClusterCertificate.Read(_options);
        _readAt = timeProvider.GetTimestamp();
        metrics.ObserveCertificate(() => Current().Expiry - timeProvider.GetUtcNow());
        Options = new()
        {
            // A server has an address and no name: any certificate of the authority will do.
            RemoteCertificateValidation = (_, _, errors) => (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None,
            OnAuthenticateAsServer = (_, options) => Configure((SslServerAuthenticationOptions)options.SslServerAuthenticationOptions),
            OnAuthenticateAsClient = (_, options) => Configure((SslClientAuthenticationOptions)options.SslClientAuthenticationOptions),

            // Orleans wants one; it has no place for the certificates between this one and the authority.
            LocalServerCertificateSelector = (_, _) => Current().Shown.TargetCertificate,
        };
    }

    /// <summary>What Orleans is told.</summary>
    public TlsOptions Options { get; }

    private void Configure(SslServerAuthenticationOptions options)
    {
        var certificate = Current();
        options.ServerCertificateSelectionCallback = null;
        options.ServerCertificateContext = certificate.Shown;
        options.CertificateChainPolicy = certificate.NewPolicy();
        options.AllowTlsResume = false;
    }

    private void Configure(SslClientAuthenticationOptions options)
    {
        var certificate = Current();
        options.ClientCertificateContext = certificate.Shown;
        options.CertificateChainPolicy = certificate.NewPolicy();
        options.AllowTlsResume = false;
    }

    private ClusterCertificate Current()
    {
        lock (_lock)
        {
            if (_timeProvider.GetElapsedTime(_readAt) >= Freshness)
            {
                _readAt = _timeProvider.GetTimestamp();
                try
                {
                    _certificate = ClusterCertificate.Read(_options);
                }
                catch (InvalidDataException invalid)
                {
                    LogNotRenewed(invalid.Message);
                }
            }

            return _certificate;
        }
    }
}
