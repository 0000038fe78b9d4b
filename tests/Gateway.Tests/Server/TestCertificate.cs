using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>A certificate for localhost that no one has signed.</summary>
internal static class TestCertificate
{
    /// <summary>The settings that have a server use one.</summary>
    /// <param name="folder">Where its file is written.</param>
    /// <param name="endpoint">The name of the endpoint in the settings.</param>
    /// <param name="thumbprint">What a client knows it by.</param>
    public static string[] Settings(string folder, string endpoint, out string thumbprint)
    {
        var path = Path.Combine(folder, "certificate.pfx");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllBytes(path, certificate.Export(X509ContentType.Pfx, "secret"));
        thumbprint = certificate.Thumbprint;
        return
        [
            $"--Kestrel:Endpoints:{endpoint}:Url=https://127.0.0.1:0",
            $"--Kestrel:Endpoints:{endpoint}:Certificate:Path={path}",
            $"--Kestrel:Endpoints:{endpoint}:Certificate:Password=secret",
        ];
    }
}
