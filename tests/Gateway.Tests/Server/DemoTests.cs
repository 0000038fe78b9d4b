using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Auth;
using SyncCluster.Hosting;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>The server as it starts without any configuration.</summary>
public sealed class DemoTests(DemoTests.Server server) : IClassFixture<DemoTests.Server>
{
    [Theory]
    [InlineData("hello", "[\"world\"]", 200, "[\"hello world\"]")]
    [InlineData("slow", "[0,\"x\"]", 200, "[\"x\"]")]
    [InlineData("echo", "[1,\"two\"]", 200, "[\"1\",\"two\"]")]
    [InlineData("fail", "[]", 500, "[\"{\\\"message\\\":\\\"The file is not there\\\",\\\"code\\\":\\\"ENOENT\\\"}\"]")]
    public async Task The_samples_run(string task, string arguments, int status, string body)
    {
        using var response = await server.SendAsync(HttpMethod.Post, $"/demo/task/{task}/job", DemoMode.UserToken, arguments);
        Assert.Equal((status, body), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    [NodeFact]
    public async Task The_teapot_takes_numbers_up_to_100()
    {
        using var fine = await server.SendAsync(HttpMethod.Post, "/demo/task/teapot/job?parse", DemoMode.UserToken, "[100]");
        using var teapot = await server.SendAsync(HttpMethod.Post, "/demo/task/teapot/job?parse", DemoMode.UserToken, "[101]");
        Assert.Equal((200, 418), ((int)fine.StatusCode, (int)teapot.StatusCode));
    }

    [Fact]
    public async Task The_known_token_may_not_change_tasks_and_the_random_one_may()
    {
        using var refused = await server.SendAsync(HttpMethod.Delete, "/demo/task/nope", DemoMode.UserToken);
        using var admitted = await server.SendAsync(HttpMethod.Delete, "/demo/task/nope", server.Demo.AdminToken);
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.NotFound), (refused.StatusCode, admitted.StatusCode));
    }

    [Theory]
    [InlineData("rebound.example", HttpStatusCode.Forbidden)]
    [InlineData("127.0.0.1.rebound.example", HttpStatusCode.Forbidden)]
    [InlineData("10.0.0.1:6090", HttpStatusCode.Forbidden)]
    [InlineData("localhost:6090", HttpStatusCode.OK)]
    [InlineData("[::1]:6090", HttpStatusCode.OK)]
    public async Task Only_a_loopback_host_is_answered(string host, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/demo/task?access_token={DemoMode.UserToken}");
        request.Headers.Host = host;
        using var response = await server.Http.SendAsync(request);
        Assert.Equal(status, response.StatusCode);
    }

    [Theory]
    [InlineData("rebound.example", "127.0.0.1")]
    [InlineData("127.0.0.1", "public.example")]
    public async Task A_proxys_word_does_not_make_another_host_a_loopback_one(string host, string forwarded)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/demo/task?access_token={DemoMode.UserToken}");
        request.Headers.Host = host;
        request.Headers.Add("X-Forwarded-For", "127.0.0.1");
        request.Headers.Add("X-Forwarded-Host", forwarded);
        request.Headers.Add("X-Original-Host", "127.0.0.1");
        using var response = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Theory]
    [InlineData("urls=http://0.0.0.0:0")]
    [InlineData("urls=http://*:0")]
    [InlineData("urls=http://[::]:0")]
    [InlineData("Kestrel:Endpoints:Http:Url=http://0.0.0.0:0")]
    public async Task The_demonstration_does_not_listen_where_others_can_reach_it(string setting)
    {
        await using var app = Program.Build([$"--{setting}", "--Logging:LogLevel:Default=None", "--Logging:LogLevel:Microsoft=None", "--Logging:LogLevel:Orleans=None"]);
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync());
        Assert.Contains("Auth:Customers", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("job")]
    [InlineData("Task")]
    [InlineData("health")]
    public async Task A_customers_name_can_not_be_the_first_segment_of_a_route_of_the_server(string name)
    {
        string[] settings =
        [
            "--urls=http://127.0.0.1:0", $"--Auth:Customers:{name}:Users:0:Username=u", $"--Auth:Customers:{name}:Users:0:TokenSha256={new string('0', 64)}",
            "--Logging:LogLevel:Default=None", "--Logging:LogLevel:Microsoft=None", "--Logging:LogLevel:Orleans=None",
        ];
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(async () =>
        {
            await using var app = Program.Build(settings);
            await app.StartAsync();
        });
        Assert.Contains($"Auth:Customers:{name}: ", refusal.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Status_health_and_docs_are_there_without_a_token()
    {
        var status = JsonNode.Parse(await server.Http.GetStringAsync(new Uri("/api/status", UriKind.Relative)))!;
        Assert.Equal("SyncCluster", status["name"]!.GetValue<string>());
        Assert.True(status["uptime"]!.GetValue<double>() > 0);
        Assert.NotEmpty(status["version"]!.GetValue<string>());
        foreach (var path in (string[])["/health/live", "/health/ready", "/docs", "/openapi/v1.json"])
        {
            using var response = await server.Http.GetAsync(new Uri(path, UriKind.Relative));
            Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Redirect, $"{path} {response.StatusCode}");
        }
    }

    [Fact]
    public async Task A_new_token_is_printed_with_the_hash_that_lets_it_in()
    {
        using var output = new StringWriter();
        await TokenCommand.RunAsync(output);
        var words = output.ToString().Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        var token = words.Single(word => word.Length == 43);
        Assert.Contains(Convert.ToHexStringLower(Secret.Hash(token)), words);
    }

    public sealed class Server : TestServer
    {
        protected override bool HasUsers => false;
    }
}
