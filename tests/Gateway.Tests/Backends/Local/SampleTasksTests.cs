using System.Net;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Backends.Local;

/// <summary>The sample tasks of a server with customers.</summary>
public sealed class SampleTasksTests(SampleTasksTests.Server server) : IClassFixture<SampleTasksTests.Server>
{
    [Fact]
    public async Task A_customer_can_have_the_samples()
    {
        using var response = await server.SendAsync(HttpMethod.Post, "/acme/task/hello/job", TestServer.User, """["world"]""");

        Assert.Equal((HttpStatusCode.OK, """["hello world"]"""), (response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task The_known_token_of_the_demonstration_is_not_let_in()
    {
        using var response = await server.SendAsync(HttpMethod.Post, "/acme/task/hello/job", "demo-token", """["world"]""");

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task A_customer_who_does_not_exist_can_not()
    {
        await using var app = Program.Build(
        [
            "--urls=http://127.0.0.1:0", "--Auth:Customers:acme:Users:0:Username=u",
            $"--Auth:Customers:acme:Users:0:TokenSha256={new string('0', 64)}",
            "--Demo:Customer=nobody", "--Logging:LogLevel:Default=None", "--Logging:LogLevel:Microsoft=None", "--Logging:LogLevel:Orleans=None",
        ]);

        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync());

        Assert.Contains("Demo:Customer must be a customer of Auth:Customers, not `nobody`.", refusal.Message, StringComparison.Ordinal);
    }

    public sealed class Server : TestServer
    {
        protected override string[] Settings => ["--Demo:Customer=acme"];
    }
}
