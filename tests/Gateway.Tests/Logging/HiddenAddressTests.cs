using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Logging;

/// <summary>A server that is told to log everything.</summary>
public sealed class HiddenAddressTests(HiddenAddressTests.Server server) : IClassFixture<HiddenAddressTests.Server>
{
    private const string Secret = "VerySecret0123456789-VerySecret0123456789-";

    [Theory]
    [InlineData("POST", $"/acme/task/x/secret/{Secret}/job")]
    [InlineData("POST", $"/acme/task/x/SECRET/{Secret}/job")]
    [InlineData("POST", $"/acme/task/x/%73ecret/{Secret}/job")]
    [InlineData("POST", $"/acme//task/x//secret//{Secret}/job")]
    [InlineData("POST", $"/job/secret/{Secret}?customer=acme&task=x")]
    [InlineData("POST", $"/job/Secret/{Secret}/")]
    [InlineData("GET", $"/job/0123456789abcdef01234567/secret/acme.{Secret}/result")]
    [InlineData("GET", $"/job/0123456789abcdef01234567/sEcret/acme.{Secret}/events")]
    [InlineData("GET", $"/acme/task?access_token={Secret}")]
    [InlineData("GET", $"/acme/task?ACCESS_TOKEN={Secret}")]
    [InlineData("POST", $"/acme/task/x/job?access_token={Secret}&access_token={Secret}")]
    [InlineData("PATCH", $"/acme/task/x/secret/{Secret}/job")]
    [InlineData("GET", $"/nothing/secret/{Secret}?access_token={Secret}")]
    [InlineData("GET", $"/secret/{Secret}\u0001")]
    [InlineData("GET", $"/secret/%zz{Secret}")]
    public async Task No_secret_of_an_address_is_logged_however_it_is_written(string method, string path)
    {
        using var connection = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        await connection.SendAsync($"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n[]");
        await connection.ClosedAsync();

        // What is logged of one connection is logged before what is logged of the next one's answer.
        using var after = await server.SendAsync(HttpMethod.Get, "/acme/task/x", TestServer.Viewer);
        await TestServer.UntilAsync(() => server.Log.Any());
        Assert.DoesNotContain(server.Log, line => line.Contains(Secret[..20], StringComparison.Ordinal));
    }

    public sealed class Server : TestServer
    {
        private static readonly string[] Categories =
        [
            "Default", "Microsoft", "Microsoft.AspNetCore", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Hosting.Diagnostics",
            "Microsoft.AspNetCore.Routing.Matching.DfaMatcher", "Microsoft.AspNetCore.Routing.EndpointRoutingMiddleware",
            "Microsoft.AspNetCore.Server.Kestrel.BadRequests", "Microsoft.AspNetCore.Server.Kestrel.Connections",
        ];

        internal LogLines Log { get; } = new();

        protected override string[] Settings =>
        [
            "--Limits:FailedAuthentications=0",
            .. from section in (string[])["Logging", $"Logging:{typeof(LogLines).FullName}"]
               from category in Categories
               select $"--{section}:LogLevel:{category}=Trace",
        ];

        protected override void Prepare(WebApplication app) => app.Services.GetRequiredService<ILoggerFactory>().AddProvider(Log);
    }
}
