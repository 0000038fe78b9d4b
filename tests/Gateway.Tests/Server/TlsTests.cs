using System.Net;
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
                var settings = TestCertificate.Settings(Folder, "Https", out var thumbprint);
                Thumbprint = thumbprint;
                return settings;
            }
        }
    }
}
