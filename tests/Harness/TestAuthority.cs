using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SyncCluster.Harness;

/// <summary>An authority that signs certificates, and writes them as PEM files.</summary>
public sealed class TestAuthority : IDisposable
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";

    private readonly string _folder;
    private readonly string _name;
    private readonly X509Certificate2 _root;

    /// <param name="folder">Where the files are written.</param>
    /// <param name="name">What the files' names begin with.</param>
    public TestAuthority(string folder, string name)
    {
        (_folder, _name) = (folder, name);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-2), DateTimeOffset.UtcNow.AddDays(2));
        File = Write("authority", _root.ExportCertificatePem());
    }

    /// <summary>The file of the root certificate.</summary>
    public string File { get; }

    /// <summary>Signs a certificate.</summary>
    /// <param name="name">Of the certificate, and of its file.</param>
    /// <param name="uses">What it may be used for; by default to be a server and to be a client.</param>
    /// <param name="isExpired">Whether its time is over.</param>
    /// <returns>The certificate with its key, and the file that has both.</returns>
    public (X509Certificate2 Certificate, string File) Sign(string name, string[]? uses = null, bool isExpired = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        OidCollection oids = [.. (uses ?? [ServerUse, ClientUse]).Select(use => new Oid(use))];
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(oids, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_root, true, false));
        var end = DateTimeOffset.UtcNow.AddDays(isExpired ? -1 : 1);
        using var signed = request.Create(_root, end.AddYears(-1), end, RandomNumberGenerator.GetBytes(8));
        var certificate = signed.CopyWithPrivateKey(key);
        return (certificate, Write(name, $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n"));
    }

    /// <summary>Signs a certificate that may be used as a server's only.</summary>
    public string SignServer(string name) => Sign(name, [ServerUse]).File;

    public void Dispose() => _root.Dispose();

    private string Write(string name, string pem)
    {
        var path = Path.Combine(_folder, $"{_name}-{name}.pem");
        System.IO.File.WriteAllText(path, pem);
        return path;
    }
}
