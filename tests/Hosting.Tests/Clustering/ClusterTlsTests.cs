using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SyncCluster.Harness;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Hosting.Tests.Clustering;

public sealed class ClusterTlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;
    private readonly TestAuthority _authority;
    private readonly TestAuthority _other;

    public ClusterTlsTests() => (_authority, _other) = (new(_folder, "ours"), new(_folder, "other"));

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_certificate_of_the_authority_is_accepted() => Assert.Null(Check(_authority.Sign("silo").File));

    [Fact]
    public void A_key_may_be_in_a_file_of_its_own()
    {
        var (certificate, file) = _authority.Sign("silo");
        var alone = Path.Combine(_folder, "certificate.pem");
        File.WriteAllText(alone, certificate.ExportCertificatePem());
        Assert.Null(Check(alone, file));
    }

    [Fact]
    public void What_others_would_refuse_is_refused_at_the_start()
    {
        const string Refused = "The other servers would refuse the certificate in Cluster:Tls:Certificate for ";
        Assert.StartsWith(Refused, Check(_other.Sign("silo").File), StringComparison.Ordinal);
        Assert.StartsWith(Refused, Check(_authority.Sign("expired", isExpired: true).File), StringComparison.Ordinal);
        Assert.StartsWith($"{Refused}client authentication", Check(_authority.SignServer("server")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_missing_or_does_not_fit_is_named()
    {
        var (certificate, file) = _authority.Sign("silo");
        var alone = Path.Combine(_folder, "certificate.pem");
        File.WriteAllText(alone, certificate.ExportCertificatePem());
        Assert.StartsWith("Cluster:Tls:Certificate must be a PEM file with a certificate; it is not set.", Check(""), StringComparison.Ordinal);
        Assert.StartsWith("Cluster:Tls:Certificate must be a PEM file with a certificate. ", Check("/nowhere.pem"), StringComparison.Ordinal);
        const string Key = "Cluster:Tls:Key must be a PEM file with the unencrypted private key of the certificate in Cluster:Tls:Certificate.";
        Assert.StartsWith(Key, Check(alone), StringComparison.Ordinal);
        Assert.StartsWith(Key, Check(file, _authority.Sign("another").File), StringComparison.Ordinal);
        Assert.StartsWith(
            "Cluster:Tls:Authority must be a PEM file with a certificate; it is not set.",
            ClusterCertificate.Check(new() { Certificate = file }),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_is_renewed_by_replacing_its_file_and_kept_while_the_file_is_not_valid()
    {
        var (first, file) = _authority.Sign("silo");
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        using var recorded = new RecordedMetrics();
        var tls = new ClusterTls(
            new() { Tls = new() { Certificate = file, Authority = _authority.File } }, recorded.Metrics, clock, NullLogger<ClusterTls>.Instance);
        Assert.Equal(first.Thumbprint, Shown(tls));

        File.WriteAllText(file, "half a fi");
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(first.Thumbprint, Shown(tls));

        var second = _authority.Sign("silo").Certificate;
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(second.Thumbprint, Shown(tls));

        // It was signed for a day.
        Assert.InRange(recorded.Take("synccluster.certificate.remaining"), 23.9 * 3600, 24 * 3600);
    }

    private static string Shown(ClusterTls tls) => tls.Options.LocalServerCertificateSelector!(null!, null).Thumbprint;

    private string? Check(string certificate, string key = "") =>
        ClusterCertificate.Check(new() { Certificate = certificate, Key = key, Authority = _authority.File });
}
