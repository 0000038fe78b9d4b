using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SyncCluster.Hosting.Clustering;

/// <summary>The certificate that a server shows to other servers of its cluster, and the authority that those of the others must be of.</summary>
internal sealed class ClusterCertificate
{
    private static readonly Oid[] Uses = [new("1.3.6.1.5.5.7.3.1", "server authentication"), new("1.3.6.1.5.5.7.3.2", "client authentication")];

    private readonly X509Certificate2Collection _authority;

    private ClusterCertificate(X509Certificate2 own, X509Certificate2Collection intermediates, X509Certificate2Collection authority)
    {
        Shown = SslStreamCertificateContext.Create(own, intermediates, offline: true);
        _authority = authority;
    }

    public SslStreamCertificateContext Shown { get; }

    /// <summary>Until when it is valid.</summary>
    public DateTimeOffset Expiry => Shown.TargetCertificate.NotAfter;

    /// <summary>What is accepted of others: a new object each time, since a handshake adds to it.</summary>
    public X509ChainPolicy NewPolicy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(_authority);
        return policy;
    }

    /// <summary>Reads the files for a check.</summary>
    /// <returns>What is wrong with them and what to set; null if nothing is.</returns>
    public static string? Check(ClusterTlsOptions options)
    {
        try
        {
            Read(options);
            return null;
        }
        catch (InvalidDataException invalid)
        {
            return invalid.Message;
        }
    }

    /// <summary>Reads the files.</summary>
    /// <exception cref="InvalidDataException">They are missing, or do not fit together. The message says what to set.</exception>
    public static ClusterCertificate Read(ClusterTlsOptions options)
    {
        var chain = ReadCertificates(options.Certificate, nameof(options.Certificate));
        var authority = ReadCertificates(options.Authority, nameof(options.Authority));
        var own = WithKey(chain[0], options);
        chain.RemoveAt(0);
        var certificate = new ClusterCertificate(own, chain, authority);
        foreach (var use in Uses)
        {
            certificate.RequireAccepted(own, chain, use);
        }

        return certificate;
    }

    private static X509Certificate2Collection ReadCertificates(string path, string setting)
    {
        var certificates = new X509Certificate2Collection();
        if (path.Length == 0)
        {
            throw new InvalidDataException($"Cluster:Tls:{setting} must be a PEM file with a certificate; it is not set.");
        }

        try
        {
            certificates.ImportFromPemFile(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            throw new InvalidDataException($"Cluster:Tls:{setting} must be a PEM file with a certificate. {fault.Message}", fault);
        }

        return certificates.Count > 0
            ? certificates
            : throw new InvalidDataException($"Cluster:Tls:{setting} must be a PEM file with a certificate; `{path}` has none.");
    }

    private static X509Certificate2 WithKey(X509Certificate2 certificate, ClusterTlsOptions options)
    {
        try
        {
            var key = File.ReadAllText(options.Key.Length > 0 ? options.Key : options.Certificate);
            return X509Certificate2.CreateFromPem(certificate.ExportCertificatePem(), key);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            throw new InvalidDataException(
                $"Cluster:Tls:Key must be a PEM file with the unencrypted private key of the certificate in Cluster:Tls:Certificate. {fault.Message}",
                fault);
        }
    }

    /// <summary>What the others will check.</summary>
    private void RequireAccepted(X509Certificate2 own, X509Certificate2Collection intermediates, Oid use)
    {
        using var chain = new X509Chain { ChainPolicy = NewPolicy() };
        chain.ChainPolicy.ExtraStore.AddRange(intermediates);
        chain.ChainPolicy.ApplicationPolicy.Add(use);
        if (!chain.Build(own))
        {
            throw new InvalidDataException(
                $"The other servers would refuse the certificate in Cluster:Tls:Certificate for {use.FriendlyName}, by the authority in "
                + "Cluster:Tls:Authority: "
                + string.Join(" ", chain.ChainStatus.Select(status => status.StatusInformation.Trim()).Distinct()));
        }
    }
}
