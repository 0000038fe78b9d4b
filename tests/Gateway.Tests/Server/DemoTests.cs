using System.Net;
using System.Text;
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
    [InlineData("null")]
    [InlineData("https://page.example")]
    [InlineData("http://localhost.page.example")]
    [InlineData("http://localhost@page.example")]
    [InlineData("http://10.0.0.1:6090")]
    [InlineData("file://localhost")]
    [InlineData("chrome-extension://abcdef")]
    [InlineData("nonsense")]
    [InlineData("")]
    public async Task A_web_page_of_another_machine_runs_nothing_and_can_not_read_the_refusal(string origin)
    {
        var task = await CountedTask.ImportAsync(server);
        foreach (var method in (HttpMethod[])[HttpMethod.Post, HttpMethod.Options])
        {
            using var response = await SendAsync(method, task.Path, ("Origin", origin));
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
            Assert.DoesNotContain(response.Headers, header => header.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        }

        await AssertRunsOnceAsync(task);
    }

    [Theory]
    [InlineData("http://localhost:3000")]
    [InlineData("https://LOCALHOST")]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("http://[::1]:8080")]
    public async Task A_web_page_of_this_machine_is_answered_and_may_read_the_answer(string origin)
    {
        using var response = await SendAsync(HttpMethod.Post, "/demo/task/echo/job", ("Origin", origin));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(origin, response.Headers.GetValues("Access-Control-Allow-Origin").Single());
    }

    [Theory]
    [InlineData("X-Forwarded-For", "203.0.113.7")]
    [InlineData("X-Forwarded-For", "127.0.0.1, 203.0.113.7")]
    [InlineData("X-Forwarded-For", "203.0.113.7, 127.0.0.1")]
    [InlineData("X-Forwarded-For", "[2001:db8::1]:4711")]
    [InlineData("X-Forwarded-For", "unknown")]
    [InlineData("X-Real-IP", "203.0.113.7")]
    [InlineData("Forwarded", "for=203.0.113.7")]
    [InlineData("Forwarded", "for=127.0.0.1;proto=http, For=\"[2001:db8::1]:4711\"")]
    [InlineData("Forwarded", "for=_hidden")]
    [InlineData("Forwarded", "for=127.0.0.1;host=public.example")]
    public async Task A_client_of_another_machine_behind_a_proxy_runs_nothing(string header, string value)
    {
        var task = await CountedTask.ImportAsync(server);
        using var response = await SendAsync(HttpMethod.Post, task.Path, (header, value));
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        await AssertRunsOnceAsync(task);
    }

    [Theory]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("X-Forwarded-For", "[::1]:4711, 127.0.0.1:80")]
    [InlineData("Forwarded", "by=203.0.113.43;for=\"[::1]:4711\";host=localhost:6090;proto=https, for=127.0.0.1")]
    public async Task A_client_of_this_machine_behind_a_proxy_is_answered(string header, string value)
    {
        using var response = await SendAsync(HttpMethod.Post, "/demo/task/echo/job", (header, value));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
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
    [InlineData("Console")]
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

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, params (string Name, string Value)[] headers) =>
        server.SendAsync(method, path, DemoMode.UserToken, method == HttpMethod.Post ? "[1,2]" : null, headers: headers);

    /// <summary>A call of this machine is the first run of the task.</summary>
    private async Task AssertRunsOnceAsync(CountedTask task)
    {
        using var response = await SendAsync(HttpMethod.Post, task.Path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, task.Runs);
    }

    /// <summary>A task that counts its runs.</summary>
    /// <param name="Path">The address that runs it.</param>
    /// <param name="Counter">A file with a line for each run.</param>
    private sealed record CountedTask(string Path, string Counter)
    {
        public int Runs => File.ReadAllLines(Counter).Length;

        public static async Task<CountedTask> ImportAsync(Server server)
        {
            var counter = System.IO.Path.Combine(server.Folder, Guid.NewGuid().ToString("N"));
            var script = Convert.ToBase64String(Encoding.UTF8.GetBytes($"echo run >> {counter}; echo '[]'"));
            using var imported = await server.SendAsync(
                HttpMethod.Post,
                "/demo/task/import",
                server.Demo.AdminToken,
                $$$"""{"task":{"name":"counted","type":"script","script_runas":"sh %script%"},"file":{"filename":"counted.sh","data":"{{{script}}}"}}""");
            return new($"{imported.Headers.Location}/job", counter);
        }
    }

    public sealed class Server : TestServer
    {
        protected override bool HasUsers => false;
    }
}
