using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.OpenApi;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Http;

/// <summary>What is refused, and how: a problem that says what to do, never a stack trace.</summary>
public abstract class ErrorAnswerTests(TestServer server)
{
    public static TheoryData<string, byte[], int> MalformedBodies => new()
    {
        { "application/json", "{\"task_arguments\":[1,"u8.ToArray(), 400 },
        { "application/json", Encoding.UTF8.GetBytes(new string('[', 100_000)), 400 },
        { "application/json", [0x22, 0xC3, 0x28, 0x22], 400 },
        { "application/json", "\0\0\0"u8.ToArray(), 400 },
        { "application/json", "[1] trailing"u8.ToArray(), 400 },
        { "application/x-www-form-urlencoded", "{\"task_arguments\":[1]}"u8.ToArray(), 400 },
        { "application/x-www-form-urlencoded", "access_token=a&access_token=b"u8.ToArray(), 400 },
        { "text/plain", "x"u8.ToArray(), 415 },
        { "multipart/form-data; boundary=x", "--x--"u8.ToArray(), 415 },
        { "", "[1]"u8.ToArray(), 415 },
        { "application/json", new byte[10 << 20], 413 },

        // Each of these control characters takes six bytes as JSON.
        { "application/x-www-form-urlencoded", [.. "task_arguments="u8, .. Enumerable.Repeat((byte)1, 400_000)], 413 },
    };

    [Theory]
    [MemberData(nameof(MalformedBodies), DisableDiscoveryEnumeration = true)]
    public async Task A_body_that_can_not_be_used_is_refused(string type, byte[] body, int status)
    {
        var task = await server.ImportAsync("echo 1", task: new { task_arguments = new[] { new { order = 0 } } });
        using var content = new ByteArrayContent(body);
        if (type.Length > 0)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, $"/acme/task/{task["id"]}/job?access_token={TestServer.User}") { Content = content };
        request.Headers.ExpectContinue = body.Length > 1 << 20;
        await AssertProblemAsync(await server.Http.SendAsync(request), status);
    }

    [Theory]
    [InlineData("POST", "/acme/task/no-such-task/job", 404)]
    [InlineData("POST", "/acme/task/a%2Fb/job", 404)]
    [InlineData("GET", "/acme/job/0123456789abcdef01234567", 404)]
    [InlineData("GET", "/acme/job/0123456789abcdef01234567/result", 404)]
    [InlineData("GET", "/acme/job/0123456789ABCDEF01234567/result", 404)]
    [InlineData("GET", "/acme/job/x/lifecycle", 404)]
    [InlineData("PUT", "/acme/job/..%2f..%2fetc/cancel", 404)]
    [InlineData("GET", "/job/0123456789abcdef01234567/secret/acme.x/result", 404)]
    [InlineData("GET", "/job/0123456789abcdef01234567/secret/x/result", 404)]
    [InlineData("GET", "/nothing/here/at/all", 404)]
    [InlineData("GET", "/", 404)]
    public async Task What_is_not_there_is_a_404(string method, string path, int status) =>
        await AssertProblemAsync(await server.SendAsync(new HttpMethod(method), path), status);

    [Fact]
    public async Task Json_that_is_sent_as_a_form_is_refused_with_the_name_of_the_missing_header()
    {
        using var form = new StringContent("""{"task_arguments":[1]}""", Encoding.UTF8, "application/x-www-form-urlencoded");
        using var response = await server.Http.PostAsync(new Uri($"/acme/task/x/job?access_token={TestServer.User}", UriKind.Relative), form);
        Assert.Contains("Content-Type: application/json", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_with_broken_chunks_is_refused_as_documented()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Http.BaseAddress!.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /acme/task/x/job?access_token={TestServer.User} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nno-size\r\n"));
        using var reader = new StreamReader(stream);
        var answer = await reader.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.EndsWith(
            Encoding.UTF8.GetString(ProblemExamples.Body.Single(body => body.Name == "unreadable").Problem.Render().Span), answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_NUL_in_the_path_is_refused_by_the_web_server()
    {
        using var response = await server.SendAsync(HttpMethod.Post, "/acme/task/%00/job");
        Assert.Equal((HttpStatusCode.BadRequest, ""), (response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task An_id_of_any_length_is_a_404()
    {
        await AssertProblemAsync(await server.SendAsync(HttpMethod.Get, $"/acme/job/{new string('a', 5000)}"), 404);
        await AssertProblemAsync(await server.SendAsync(HttpMethod.Post, $"/acme/task/{new string('a', 65)}/job"), 404);
    }

    [Fact]
    public async Task A_wrong_method_is_a_405_that_says_which_are_right()
    {
        using var response = await server.SendAsync(HttpMethod.Put, "/acme/task/x/job");
        Assert.Equal(["DELETE", "POST"], response.Content.Headers.Allow.Order());
        await AssertProblemAsync(response, 405);
    }

    [Fact]
    public async Task Ten_thousand_arguments_are_too_many_for_no_task()
    {
        var task = await server.ImportAsync("echo '[]'", task: new { task_arguments = new[] { new { order = 0 } } });
        Assert.Equal(200, (await server.CallAsync(task, $"[{string.Join(',', Enumerable.Range(0, 10_000))}]")).Status);
    }

    [Fact]
    public async Task Unknown_flags_change_nothing()
    {
        var task = await server.ImportAsync("""echo '["ok"]'""");
        Assert.Equal((200, """["ok"]"""), await server.CallAsync(task, flags: "?nope&x=%00&&=&parsee=1"));
    }

    [Fact]
    public async Task A_script_that_prints_100_MB_is_cut_and_its_last_line_counts()
    {
        var task = await server.ImportAsync("""head -c 100000000 /dev/zero | tr '\0' 'x'; echo; echo '["ok"]'""");
        var (status, body) = await server.CallAsync(task, flags: "?full");
        var document = JsonNode.Parse(body)!;
        Assert.Equal((200, "[\"ok\"]"), (status, document["output"]!.ToJsonString()));
        Assert.Contains("bytes were cut here", document["result"]!["log"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.True(body.Length < 1_200_000);
    }

    [Fact]
    public async Task An_output_above_the_limit_fails_with_a_message()
    {
        var task = await server.ImportAsync("""printf '["'; head -c 1500000 /dev/zero | tr '\0' 'x'; echo '"]'""");
        var (status, body) = await server.CallAsync(task);
        Assert.Equal(500, status);
        Assert.Contains("1048576", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_that_forks_and_exits_ends_with_its_first_process()
    {
        var task = await server.ImportAsync("""sleep 1000 & echo '["done"]'""");
        Assert.Equal((200, """["done"]"""), await server.CallAsync(task));
    }

    [Theory]
    [InlineData(1 << 20, 200)]
    [InlineData((1 << 20) + 1, 413)]
    public async Task A_call_may_have_1_MiB(int length, int status)
    {
        var task = await server.ImportAsync("echo '[]'");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/acme/task/{task["id"]}/job?access_token={TestServer.User}")
        {
            Content = new StringContent("[]".PadRight(length), Encoding.UTF8, "application/json"),
        };
        request.Headers.ExpectContinue = true;
        using var response = await server.Http.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
    }

    protected static async Task AssertProblemAsync(HttpResponseMessage response, int status)
    {
        using (response)
        {
            var body = await response.Content.ReadAsStringAsync();
            Assert.Equal((HttpStatusCode)status, response.StatusCode);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
            var problem = JsonNode.Parse(body)!;
            Assert.Equal(status, problem["status"]!.GetValue<int>());
            Assert.Equal(status, problem["statusCode"]!.GetValue<int>());
            Assert.Equal("about:blank", problem["type"]!.GetValue<string>());
            Assert.NotEmpty(problem["title"]!.GetValue<string>());
            Assert.Equal(problem["message"]!.GetValue<string>(), problem["detail"]!.GetValue<string>());
            Assert.NotNull(problem["code"]);
            Assert.True(problem["message"]!.GetValue<string>().Length >= "task not found".Length, body);
            Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
            Assert.DoesNotContain("Exception", body, StringComparison.Ordinal);
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        }
    }
}

[Collection(SharedServer.Name)]
public sealed class LocalRefusalTests(TestServer server) : ErrorAnswerTests(server)
{
    private readonly TestServer _server = server;

    // In front of TheEye a job that says so: see the calls' tests.
    [Fact]
    public async Task An_argument_with_a_NUL_is_refused()
    {
        var task = await _server.ImportAsync("echo 1", task: new { task_arguments = new[] { new { order = 0 } } });
        await AssertProblemAsync(await _server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[\"\\u0000\"]"), 400);
    }

    // What follows is of tasks, which TheEye keeps itself.
    [Fact]
    public async Task A_task_that_is_not_there_is_a_404() => await AssertProblemAsync(await _server.SendAsync(HttpMethod.Get, "/acme/task/nope"), 404);

    [Theory]
    [InlineData("""{"task":{"name":"w","type":"workflow"}}""", 422)]
    [InlineData("""{"task":{"name":"a","type":"approval"}}""", 422)]
    [InlineData("""{"task":{"name":"p","type":"script"},"file":{"filename":"../p.sh","data":""}}""", 422)]
    [InlineData("""{"task":{"name":"p","type":"script","script_runas":"sh -c \"%script%; x\""},"file":{"filename":"p.sh","data":""}}""", 422)]
    [InlineData("[]", 400)]
    [InlineData("{", 400)]
    public async Task A_recipe_that_can_not_be_used_is_refused(string recipe, int status) =>
        await AssertProblemAsync(await _server.SendAsync(HttpMethod.Post, "/acme/task/import", TestServer.Admin, recipe), status);
}

[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyeRefusalTests(TheEyeTestServer server) : ErrorAnswerTests(server);
