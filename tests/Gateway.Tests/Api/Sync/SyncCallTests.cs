using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Sync;

public abstract class SyncCallTests(TestServer server)
{
    private static readonly object OneArgument = new { task_arguments = new[] { new { order = 0, type = "input" } } };

    // Puts out its first argument as the data of a success.
    private const string Data = """printf '{"state":"success","data":%s}\n' "$1" """;

    [Fact]
    public async Task Without_a_flag_the_body_is_the_output()
    {
        var task = await server.ImportAsync(Data, task: OneArgument);
        Assert.Equal((200, """["a","{\"b\":1.50}"]"""), await server.CallAsync(task, """[["a",{"b":1.50}]]"""));
    }

    [Fact]
    public async Task Text_is_escaped_no_more_than_json_needs()
    {
        var task = await server.ImportAsync(Data, task: OneArgument);
        Assert.Equal((200, """["é😀</>'\\\"\u001b"]"""), await server.CallAsync(task, """[["é😀</>'\\\"\u001b"]]"""));
    }

    [Theory]
    [InlineData("?result", "code")]
    [InlineData("?result=no&full&parse", "lastline")]
    [InlineData("?full", "lifecycle")]
    [InlineData("?full=0&parse", "task_id")]
    public async Task Result_and_full_give_parts_of_the_document(string flags, string member)
    {
        var task = await server.ImportAsync("""echo '{"state":"success"}'""");
        var (status, body) = await server.CallAsync(task, flags: flags);
        Assert.Equal(200, status);
        Assert.True(JsonNode.Parse(body)!.AsObject().ContainsKey(member), body);
    }

    [Fact]
    public async Task The_result_has_the_user_and_the_log()
    {
        var task = await server.ImportAsync("echo one; echo two >&2; echo three");
        var result = JsonNode.Parse((await server.CallAsync(task, flags: "?result")).Body)!;
        Assert.Equal("one\ntwo\nthree\n", result["log"]!.GetValue<string>());
        Assert.Equal("three", result["lastline"]!.GetValue<string>());
        Assert.Equal("uma@acme.example", result["user"]!["email"]!.GetValue<string>());
        Assert.Null(result["output"]);
    }

    [Theory]
    [InlineData("?parse", """{"n":1.0,"statusCode":409}""", 409)]
    [InlineData("?parse=1", "[1]", 200)]
    [InlineData("?parse=01", "[1]", 200)]
    [InlineData("?parse=2", """{"statusCode":"201"}""", 201)]
    [InlineData("?parse=3", """{"statusCode":99}""", 200)]
    public async Task Parse_reads_one_element_as_json(string flags, string body, int status)
    {
        var task = await server.ImportAsync(Data, task: OneArgument);
        const string Output = """[["{\"n\":1.0,\"statusCode\":409}","[1]","{\"statusCode\":\"201\"}","{\"statusCode\":99}"]]""";
        Assert.Equal((status, body), await server.CallAsync(task, Output, flags));
    }

    [Theory]
    [InlineData("?parse=-1")]
    [InlineData("?parse=1.0")]
    [InlineData("?parse=x")]
    [InlineData("?parse=0&parse=0")]
    [InlineData("?parse=2")]
    [InlineData("?parse=9")]
    [InlineData("?parse=99999999999999999999")]
    public async Task An_index_that_names_no_element_gives_the_raw_output(string flags)
    {
        var task = await server.ImportAsync(Data, task: OneArgument);
        Assert.Equal((200, """["{}","[1]"]"""), await server.CallAsync(task, """[["{}","[1]"]]""", flags));
    }

    [Fact]
    public async Task An_element_that_is_no_json_gives_the_raw_output()
    {
        var task = await server.ImportAsync(Data, task: OneArgument);
        Assert.Equal((200, """["no json"]"""), await server.CallAsync(task, """[["no json"]]""", "?parse"));
    }

    [Fact]
    public async Task What_parse_reads_goes_out_as_it_was_written()
    {
        var task = await server.ImportAsync(Data, task: OneArgument);
        Assert.Equal(
            (200, """{"z": 1.00,"a":12345678901234567890,"10":0,"2":0}"""),
            await server.CallAsync(task, """[["{\"z\": 1.00,\"a\":12345678901234567890,\"10\":0,\"2\":0}"]]""", "?parse"));
    }

    [Theory]
    [InlineData("success", "199", 200)]
    [InlineData("success", "600", 200)]
    [InlineData("success", "404.5", 200)]
    [InlineData("success", "\"many\"", 200)]
    [InlineData("success", "599", 599)]
    [InlineData("failure", "200", 200)]
    [InlineData("failure", "\"404\"", 404)]
    [InlineData("failure", "100", 500)]
    public async Task A_statusCode_from_200_to_599_is_the_status_whatever_the_state(string state, string statusCode, int status)
    {
        var task = await server.ImportAsync($$"""printf '{"state":"{{state}}","data":%s}\n' "$1" """, task: OneArgument);
        var text = $$"""{"statusCode":{{statusCode}}}""";
        Assert.Equal((status, text), await server.CallAsync(task, new JsonArray(new JsonArray(text)).ToJsonString(), "?parse"));
        Assert.Equal(state == "success" ? 200 : 500, (await server.CallAsync(task, new JsonArray(new JsonArray(text)).ToJsonString())).Status);
    }

    [Theory]
    [InlineData(204)]
    [InlineData(205)]
    [InlineData(304)]
    public async Task A_status_without_a_body_has_none(int status)
    {
        var task = await server.ImportAsync(Data, task: OneArgument);
        Assert.Equal((status, ""), await server.CallAsync(task, $$"""[["{\"statusCode\":{{status}}}"]]""", "?parse"));
    }

    [Theory]
    [InlineData("""echo '{"state":"failure","data":"x"}'""", 500)]
    [InlineData("exit 3", 200)]
    [InlineData("no-such-program", 200)]
    public async Task The_state_decides_the_status_and_not_the_exit_code(string script, int status)
    {
        var task = await server.ImportAsync(script);
        Assert.Equal(status, (await server.CallAsync(task)).Status);
    }

    [Fact]
    public async Task A_task_may_have_the_exit_code_decide()
    {
        var task = await server.ImportAsync("echo '{\"state\":\"success\",\"output\":\"x\"}'; exit 3", task: new { exit_code_decides = true });
        Assert.Equal((500, """["x"]"""), await server.CallAsync(task));
    }

    [Theory]
    [InlineData("sh %script%")]
    [InlineData("A=1 sh %script%; exit $?")]
    public async Task A_script_that_a_signal_has_ended_is_a_500_with_the_signal_in_the_result(string runas)
    {
        var task = await server.ImportAsync("""echo '{"state":"success","output":{"statusCode":200}}'; kill -9 $$""", runas);
        var (status, body) = await server.CallAsync(task, flags: "?result");
        Assert.Equal((500, "SIGKILL"), (status, (string?)JsonNode.Parse(body)!["signal"]));
        Assert.Equal(500, (await server.CallAsync(task, flags: "?parse")).Status);
    }

    [Fact]
    public async Task A_timeout_is_a_500_and_its_lifecycle_terminated()
    {
        var task = await server.ImportAsync("exec sleep 60", task: new { timeout = 100 });
        var (status, body) = await server.CallAsync(task, flags: "?full");
        var document = JsonNode.Parse(body)!;
        Assert.Equal(500, status);
        Assert.Equal("terminated", document["lifecycle"]!.GetValue<string>());
        Assert.Equal("timeout", document["state"]!.GetValue<string>());
        Assert.Equal("SIGTERM", document["result"]!["signal"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_missing_interpreter_fails_that_job_with_a_message()
    {
        var task = await server.ImportAsync("x", "no-such-interpreter %script%");
        var (status, body) = await server.CallAsync(task);
        Assert.Equal(500, status);
        Assert.Contains("no-such-interpreter", body, StringComparison.Ordinal);
        Assert.DoesNotContain("/tmp", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json", """{"task_arguments":["a","b"]}""", """["a","b"]""")]
    [InlineData("application/json", """["a","b","surplus"]""", """["a","b"]""")]
    [InlineData("application/json", """[{"order":1,"value":"b"},{"order":0,"value":"a"}]""", """["a","b"]""")]
    [InlineData("application/x-www-form-urlencoded", "task_arguments=a&task_arguments=b", """["a","b"]""")]
    [InlineData("application/x-www-form-urlencoded", "task_arguments%5B%5D=a&task_arguments[]=b", """["a","b"]""")]
    public async Task Arguments_come_in_many_forms(string type, string body, string output)
    {
        var task = await DummyAsync(2);
        using var content = new StringContent(body, Encoding.UTF8, MediaTypeHeaderValue.Parse(type));
        using var response = await server.Http.PostAsync(new Uri($"/acme/task/{task["id"]}/job?access_token={TestServer.User}", UriKind.Relative), content);
        Assert.Equal(output, await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    public async Task A_body_that_comes_in_pieces_arrives_whole(int withItsHeader)
    {
        const string Body = """[["one","two"]]""";
        var task = await server.ImportAsync(Data, task: OneArgument);
        using var connection = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        await connection.SendAsync(
            $"POST /acme/task/{task["id"]}/job HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TestServer.User}\r\n"
            + $"Content-Type: application/json\r\nContent-Length: {Body.Length}\r\nExpect: 100-continue\r\n\r\n{Body[..withItsHeader]}");

        // The server says so when it begins to read.
        Assert.Equal(100, RawConnection.StatusOf(await connection.ReadHeadAsync()));
        await connection.SendAsync(Body[withItsHeader..9]);
        await connection.SendAsync(Body[9..]);
        Assert.Equal((200, """["one","two"]"""), await connection.ReadAnswerAsync());
    }

    [Fact]
    public async Task A_single_value_is_the_first_argument()
    {
        var task = await DummyAsync(1);
        Assert.Equal((200, """["1.10"]"""), await server.CallAsync(task, "1.10"));
    }

    [Theory]
    [InlineData("""{"task_arguments":"a"}""", """["a"]""")]
    [InlineData("""{"a":1}""", """["{\"a\":1}"]""")]
    [InlineData("true", """["true"]""")]
    public async Task Any_other_json_is_the_only_argument(string body, string output)
    {
        var task = await DummyAsync(1);
        Assert.Equal((200, output), await server.CallAsync(task, body));
    }

    [Fact]
    public async Task A_form_with_one_value_is_an_array_of_one()
    {
        var task = await DummyAsync(1);
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("task_arguments", "[1,2]")]);
        using var response = await server.Http.PostAsync(new Uri($"/acme/task/{task["id"]}/job?access_token={TestServer.User}", UriKind.Relative), form);
        Assert.Equal("""["[1,2]"]""", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task The_query_carries_arguments_too()
    {
        var task = await DummyAsync(1);
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job?task_arguments[]=a%20b");
        Assert.Equal("""["a b"]""", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Deeply_nested_arguments_arrive_whole()
    {
        var task = await DummyAsync(1);
        var nested = new string('[', 200) + new string(']', 200);
        Assert.Equal((200, $"[\"{nested}\"]"), await server.CallAsync(task, $"[{nested}]"));
    }

    [Fact]
    public async Task Half_a_character_becomes_a_replacement_character()
    {
        var task = await DummyAsync(1);
        Assert.Equal((200, "[\"\uFFFD\"]"), await server.CallAsync(task, """["\ud800"]"""));
    }

    [Fact]
    public async Task A_lifecycle_in_the_body_changes_nothing()
    {
        var task = await server.ImportAsync(Data, task: OneArgument);
        Assert.Equal((200, """["a"]"""), await server.CallAsync(task, """{"lifecycle":"finished","task_arguments":[["a"]],"lifecycle":"ready"}"""));
    }

    [Theory]
    [InlineData("dummy", "[1]", "Invalid Task Arguments. An array of length 2 is required. Optionals must be null")]
    [InlineData("script", "[]", "Invalid Task Arguments. An array of length 1 is required. Optionals must be null")]
    [InlineData("script", "[\"\\u0000\"]", "Argument 0 contains a NUL character, which can't be passed to a script. Remove it.")]
    public async Task Wrong_arguments_run_nothing(string type, string arguments, string message)
    {
        var mark = Path.Combine(server.Folder, Guid.NewGuid().ToString("N"));
        var task = type == "dummy" ? await DummyAsync(2) : await server.ImportAsync($"touch {mark}", task: OneArgument);
        var (status, body) = await server.CallAsync(task, arguments, "?full");
        AssertWrongArguments(status, JsonNode.Parse(body)!, message);
        Assert.False(File.Exists(mark));
    }

    [Theory]
    [InlineData("""["x","a","b"]""", """["fixed","a","b"]""")]
    [InlineData("""["a","b"]""", """["fixed","b","null"]""")]
    [InlineData("""[{"order":2,"value":"b"},{"order":1,"value":"a"}]""", """["fixed","a","b"]""")]
    public async Task Arguments_bind_by_order_with_a_place_for_fixed_ones(string arguments, string output)
    {
        var task = await server.ImportRecipeAsync(
            """{"task":{"name":"d","type":"dummy","task_arguments":[{"order":2},{"order":0,"type":"fixed","value":"fixed"},{"order":1}]}}""");
        Assert.Equal((200, output), await server.CallAsync(task, arguments));
    }

    [Fact]
    public async Task Hostile_arguments_are_just_arguments()
    {
        var mark = Path.Combine(server.Folder, "hostile");
        var task = await server.ImportAsync("""printf '%s\n' "$1" >&2; printf '{"data":["ok"]}'""", task: OneArgument);
        var argument = $"\"; touch {mark}; \" $(touch {mark}) `touch {mark}`";
        var (_, body) = await server.CallAsync(task, new JsonArray(argument).ToJsonString(), "?result");
        Assert.StartsWith(argument, JsonNode.Parse(body)!["log"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.False(File.Exists(mark));
    }

    [Fact]
    public async Task A_script_sees_its_job_and_nothing_of_the_server()
    {
        Environment.SetEnvironmentVariable("SYNC_TEST_SECRET", "hush");
        var task = await server.ImportAsync("env; echo '[]'", task: new { env = new { COLOUR = "blue" } });
        var log = JsonNode.Parse((await server.CallAsync(task, flags: "?result")).Body)!["log"]!.GetValue<string>();
        Assert.Contains("COLOUR=blue", log, StringComparison.Ordinal);
        Assert.Contains($"\"task_id\":\"{task["id"]}\"", log, StringComparison.Ordinal);
        Assert.Contains("THEEYE_JOB_USER={\"username\":\"uma\"", log, StringComparison.Ordinal);
        Assert.Contains("THEEYE_ORGANIZATION_NAME=\"acme\"", log, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_answer_has_the_common_headers_and_the_jobs_id()
    {
        var task = await DummyAsync(0);
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job");
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-referrer", response.Headers.GetValues("Referrer-Policy").Single());
        Assert.Matches("^[0-9a-f]{24}$", response.Headers.GetValues("Job-Id").Single());
        Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("true", response.Headers.GetValues("Access-Control-Allow-Credentials").Single());
        Assert.Equal(
            "Origin, Accept, User-Agent, Accept-Charset, Cache-Control, Accept-Encoding, Content-Type, Authorization, Content-Length, X-Requested-With, "
            + "Prefer, Idempotency-Key, Last-Event-ID",
            response.Headers.GetValues("Access-Control-Allow-Headers").Single());
        Assert.Equal(
            "Job-Id, Location, Retry-After, Preference-Applied, RateLimit, RateLimit-Policy, Next-Cursor",
            response.Headers.GetValues("Access-Control-Expose-Headers").Single());
        Assert.Equal("Origin", response.Headers.Vary.Single());
        Assert.Equal("GET,PUT,PATCH,POST,DELETE,OPTIONS", response.Headers.GetValues("Access-Control-Allow-Methods").Single());
    }

    protected abstract void AssertWrongArguments(int status, JsonNode body, string message);

    private protected Task<JsonNode> DummyAsync(int arguments) => server.ImportRecipeAsync(new JsonObject
    {
        ["task"] = new JsonObject
        {
            ["name"] = "dummy",
            ["type"] = "dummy",
            ["task_arguments"] = new JsonArray([.. Enumerable.Range(0, arguments).Select(order => new JsonObject { ["order"] = order })]),
        },
    }.ToJsonString());
}

[Collection(SharedServer.Name)]
public sealed class LocalSyncCallTests(TestServer server) : SyncCallTests(server)
{
    private readonly TestServer _server = server;

    protected override void AssertWrongArguments(int status, JsonNode body, string message) =>
        Assert.Equal((400, message), (status, body["message"]!.GetValue<string>()));

    [Fact]
    public async Task An_argument_that_no_script_could_be_given_is_refused_before_there_is_a_job()
    {
        var task = await _server.ImportAsync("wc -c <\"$1\"", task: new { task_arguments = new[] { new { order = 0, type = "file" } } });
        var text = new string('x', 32 * Environment.SystemPageSize);

        using var refused = await _server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: $"[\"{text}\"]");

        Assert.Equal(System.Net.HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        Assert.Contains("Argument 0 has", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.False(refused.Headers.Contains("Job-Id"));
        Assert.Equal(200, (await _server.CallAsync(task, $"[\"data:;base64,{text}\"]")).Status);
        Assert.Equal(200, (await _server.CallAsync(await DummyAsync(1), $"[\"{text}\"]")).Status);
    }

    [Fact]
    public async Task A_task_has_its_own_limits_where_they_are_below_those_of_the_server()
    {
        var task = await _server.ImportAsync("ulimit -f; ulimit -t; echo '[]'", task: new { limits = new { file_size = 1L << 50, cpu = 1500 } });

        var (_, body) = await _server.CallAsync(task, flags: "?result");
        Assert.StartsWith("8388608\n2\n", JsonNode.Parse(body)!["log"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_with_a_limit_that_the_server_cannot_keep_fails_and_says_so()
    {
        var (status, body) = await _server.CallAsync(await _server.ImportAsync("echo '[]'", task: new { limits = new { memory = 1L << 30 } }));

        Assert.Equal(500, status);
        Assert.Contains("LocalExecutor:Cgroup:Folder", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recipe_as_TheEye_publishes_them_runs()
    {
        var task = await _server.ImportAsync("echo \"[\\\"$THEEYE_URL\\\"]\"", runas: "sh", task: new { env = new { THEEYE_URL = "eye" } });

        Assert.Equal((200, """["eye"]"""), await _server.CallAsync(task));
    }
}

[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyeSyncCallTests(TheEyeTestServer server) : SyncCallTests(server)
{
    // TheEye makes a job of every call.
    protected override void AssertWrongArguments(int status, JsonNode body, string message) => Assert.Equal(
        (500, "terminated", "error"), (status, body["lifecycle"]!.GetValue<string>(), body["state"]!.GetValue<string>()));
}
