using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace SyncCluster.Gateway.Tests.Server;

public sealed class TlsTests(TlsTests.Server server) : IClassFixture<TlsTests.Server>
{
    [Fact]
    public async Task A_configured_certificate_serves_calls_over_https()
    {
        using var handler = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = (_, shown, _, _) => shown!.Thumbprint == server.Thumbprint,
        };
        using var https = new HttpClient(handler) { BaseAddress = server.Http.BaseAddress };
        Assert.Equal("https", https.BaseAddress!.Scheme);
        using var recipe = new StringContent("""{"task":{"name":"d","type":"dummy"}}""", Encoding.UTF8, "application/json");
        using var imported = await https.PostAsync(new Uri($"/acme/task/import?access_token={TestServer.Admin}", UriKind.Relative), recipe);
        Assert.Equal(HttpStatusCode.Created, imported.StatusCode);
        using var called = await https.PostAsync(new Uri($"{imported.Headers.Location}/job?access_token={TestServer.User}", UriKind.Relative), null);
        Assert.Equal((HttpStatusCode.OK, "[]"), (called.StatusCode, await called.Content.ReadAsStringAsync()));
    }

    public sealed class Server : TestServer
    {
        public string Thumbprint { get; private set; } = "";

        protected override string[] Settings
        {
            get
            {
                var path = Path.Combine(Folder, "certificate.pfx");
                using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
                using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
                File.WriteAllBytes(path, certificate.Export(X509ContentType.Pfx, "secret"));
                Thumbprint = certificate.Thumbprint;
                return
                [
                    "--Kestrel:Endpoints:Https:Url=https://127.0.0.1:0",
                    $"--Kestrel:Endpoints:Https:Certificate:Path={path}",
                    "--Kestrel:Endpoints:Https:Certificate:Password=secret",
                ];
            }
        }
    }
}
