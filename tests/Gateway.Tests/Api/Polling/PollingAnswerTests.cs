using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Polling;

/// <summary>What of a job that has ended is the answer.</summary>
public abstract class PollingAnswerTests(TestServer server)
{
    // Puts out its first argument as the state, its second as the data.
    private const string Script = """printf '{"state":"%s","data":%s}\n' "$1" "$2" """;

    private static readonly object TwoArguments = new { task_arguments = new[] { new { order = 0 }, new { order = 1 } } };

    [Theory]
    [InlineData("", """{"z": 1.00,"a":12345678901234567890}""")]
    [InlineData("?parse", """{"z": 1.00,"a":12345678901234567890}""")]
    [InlineData("?parse=01", "[1, 2]")]
    [InlineData("?parse=2", "0")]
    [InlineData("?parse=3", "null")]
    [InlineData("?parse=4", "null")]
    [InlineData("?parse=-1", "null")]
    [InlineData("?parse=x", "null")]
    [InlineData("?parse=1&parse=1", "null")]
    [InlineData("?output=no&parse=1", """["{\"z\": 1.00,\"a\":12345678901234567890}","[1, 2]","0",""]""")]
    public async Task An_element_is_read_as_JSON_and_goes_out_as_it_was_written(string query, string body)
    {
        using var response = await AskAsync(["""{"z": 1.00,"a":12345678901234567890}""", "[1, 2]", "0", ""], query);
        Assert.Equal((HttpStatusCode.OK, body), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString());
    }

    [Theory]
    [InlineData("?result&full&output&parse", "code")]
    [InlineData("?full=0&output&parse", "lifecycle")]
    public async Task The_first_flag_of_result_full_and_output_counts(string query, string member)
    {
        using var response = await AskAsync(["1"], query);
        Assert.True(JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject().ContainsKey(member));
    }

    [Theory]
    [InlineData("""{"a":1} x""", "No JSON at line 1, byte 9.")]
    [InlineData("plain", "No JSON at line 1, byte 1.")]
    [InlineData("\n ", "No JSON at line 2, byte 2.")]
    public async Task What_is_no_JSON_is_a_500_with_the_result(string text, string details)
    {
        using var response = await AskAsync([text]);
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject();
        Assert.Equal((HttpStatusCode.InternalServerError, "application/json"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        Assert.Equal(["message", "details", "result"], body.Select(member => member.Key));
        Assert.Equal(details, body["details"]!.GetValue<string>());
        Assert.Equal(0, body["result"]!["code"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("success", "418", 418)]
    [InlineData("success", "201.0", 201)]
    [InlineData("failure", "200", 200)]
    [InlineData("success", "\"418\"", 200)]
    [InlineData("failure", "\"200\"", 500)]
    [InlineData("success", "199", 200)]
    [InlineData("success", "101", 200)]
    [InlineData("success", "600", 200)]
    [InlineData("failure", "true", 500)]
    public async Task Only_a_numeric_statusCode_is_the_status(string state, string statusCode, int status)
    {
        foreach (var text in (string[])[$$"""{"statusCode":{{statusCode}}}""", $$$$"""{"response":{"statusCode":{{{{statusCode}}}},"body":{}}}"""])
        {
            using var response = await AskAsync([text], state: state);
            Assert.Equal(status, (int)response.StatusCode);
        }
    }

    [Theory]
    [InlineData("""{"response":{"body":{"b": 1.0,"a":2},"statusCode":201}}""", 201, "application/json; charset=utf-8", """{"b": 1.0,"a":2}""")]
    [InlineData("""{"response":{"body":"héllo\n"},"statusCode":418}""", 200, "text/plain; charset=utf-8", "héllo\n")]
    [InlineData("""{"response":{"body":"","statusCode":404}}""", 404, "text/plain; charset=utf-8", "")]
    [InlineData("""{"response":{"body":null}}""", 200, "application/json; charset=utf-8", "null")]
    [InlineData("""{"response":{"body":[1],"body":[2]}}""", 200, "application/json; charset=utf-8", "[2]")]
    [InlineData("""{"response":{"x":1}}""", 200, "application/json; charset=utf-8", """{"x":1}""")]
    [InlineData("""{"response":"text"}""", 200, "text/plain; charset=utf-8", "text")]
    [InlineData("""{"response":[1]}""", 200, "application/json; charset=utf-8", "[1]")]
    [InlineData("""{"response":7}""", 200, "application/json; charset=utf-8", "7")]
    [InlineData("""{"response":""}""", 200, "application/json; charset=utf-8", """{"response":""}""")]
    [InlineData("""{"response":null,"statusCode":202}""", 202, "application/json; charset=utf-8", """{"response":null,"statusCode":202}""")]
    [InlineData("""{"response":0}""", 200, "application/json; charset=utf-8", """{"response":0}""")]
    [InlineData("""{"a":{"response":{"body":"x"}}}""", 200, "application/json; charset=utf-8", """{"a":{"response":{"body":"x"}}}""")]
    public async Task A_response_is_the_HTTP_response(string text, int status, string type, string body)
    {
        using var response = await AskAsync([text]);
        Assert.Equal((status, body), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Equal(type, response.Content.Headers.ContentType!.ToString());
    }

    [Theory]
    [InlineData(204)]
    [InlineData(205)]
    [InlineData(304)]
    public async Task A_status_without_a_body_has_none(int status)
    {
        foreach (var text in (string[])[$$"""{"statusCode":{{status}},"a":1}""", $$$$"""{"response":{"statusCode":{{{{status}}}},"body":"x","headers":{"Content-Type":"text/html"}}}"""])
        {
            using var response = await AskAsync([text]);
            Assert.Equal((status, ""), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
            Assert.Null(response.Content.Headers.ContentType);
        }
    }

    [Theory]
    [InlineData(301)]
    [InlineData(303)]
    [InlineData(307)]
    public async Task A_task_can_not_send_its_callers_elsewhere(int status)
    {
        using var response = await AskAsync([Response("\"Location\":\"https://elsewhere.example\",\"Refresh\":\"0; url=//elsewhere.example\"", status)]);
        Assert.Equal((status, "x"), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Null(response.Headers.Location);
        Assert.False(response.Headers.Contains("Refresh"));
    }

    [Fact]
    public async Task A_task_names_what_its_body_is_and_headers_of_its_own()
    {
        using var response = await AskAsync(
        [
            Response("""
                "content-type":"text/html; charset=utf-8","Content-Disposition":"attachment; filename=\"a.html\"","Content-Language":"es","X-Mine":" 1 ","x-count":2.0,"X-Yes":true
                """.Trim()),
        ]);
        Assert.Equal("text/html; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("attachment; filename=\"a.html\"", response.Content.Headers.ContentDisposition!.ToString());
        Assert.Equal("es", response.Content.Headers.ContentLanguage.Single());
        Assert.Equal(("1", "2.0", "true"), (Header(response, "X-Mine"), Header(response, "X-Count"), Header(response, "X-Yes")));
    }

    [Fact]
    public async Task A_browser_gets_it_in_a_sandbox_and_takes_it_for_nothing_else()
    {
        using var response = await AskAsync([Response("\"Content-Type\":\"text/html\",\"Content-Security-Policy\":\"default-src *\",\"X-Content-Type-Options\":\"x\",\"Cache-Control\":\"public\"")]);
        Assert.Equal("sandbox", Header(response, "Content-Security-Policy"));
        Assert.Equal("nosniff", Header(response, "X-Content-Type-Options"));
        Assert.Equal("no-store", Header(response, "Cache-Control"));
    }

    [Theory]
    [InlineData("Set-Cookie", "a=1")]
    [InlineData("set_cookie", "a=1")]
    [InlineData("Content_Type", "text/html")]
    [InlineData("Content-Length", "2")]
    [InlineData("Content-Encoding", "gzip")]
    [InlineData("Content-Range", "bytes 0-0/1")]
    [InlineData("Transfer-Encoding", "chunked")]
    [InlineData("Transfer_Encoding", "chunked")]
    [InlineData("Connection", "close")]
    [InlineData("Upgrade", "h2c")]
    [InlineData("Trailer", "X")]
    [InlineData("Job-Id", "000000000000000000000000")]
    [InlineData("Retry-After", "9")]
    [InlineData("WWW-Authenticate", "Basic")]
    [InlineData("Proxy-Authenticate", "Basic")]
    [InlineData("Clear-Site-Data", "\\\"*\\\"")]
    [InlineData("Strict-Transport-Security", "max-age=0")]
    [InlineData("Access-Control-Allow-Origin", "https://evil.example")]
    [InlineData("Access-Control-Expose-Headers", "*")]
    [InlineData("Service-Worker-Allowed", "/")]
    [InlineData("Link", "</x>; rel=preload")]
    [InlineData("Alt-Svc", "h2=\\\":1\\\"")]
    [InlineData("X-Accel-Redirect", "/etc/passwd")]
    [InlineData("x-accel-buffering", "no")]
    [InlineData("X-Sendfile", "/etc/passwd")]
    [InlineData("X-Forwarded-For", "1.2.3.4")]
    [InlineData("X-Frame-Options", "ALLOWALL")]
    [InlineData("RateLimit", "x")]
    [InlineData("Sec-Anything", "x")]
    public async Task What_a_standard_a_proxy_or_this_server_uses_is_not_a_tasks_to_say(string name, string value)
    {
        using var response = await AskAsync([Response($"\"{name}\":\"{value}\",\"X-After\":\"1\"")]);
        Assert.Equal((HttpStatusCode.OK, "x", "1"), (response.StatusCode, await response.Content.ReadAsStringAsync(), Header(response, "X-After")));
        Assert.NotEqual(value.Replace("\\", "", StringComparison.Ordinal), Header(response, name));
    }

    [Theory]
    [InlineData("\"X-A\":\"1\\r\\nSet-Cookie: a=1\"")]
    [InlineData("\"X-A\":\"1\\nb\"")]
    [InlineData("\"X-A\":\"1\\u0000\"")]
    [InlineData("\"X-A\":\"1\\t2\"")]
    [InlineData("\"X-A\":\"é\"")]
    [InlineData("\"X-A\":\"\\ud800\"")]
    [InlineData("\"X-A\":\"\"")]
    [InlineData("\"X-A\":null")]
    [InlineData("\"X-A\":[\"1\"]")]
    [InlineData("\"X-A\":{\"a\":\"1\"}")]
    [InlineData("\"X A\":\"1\"")]
    [InlineData("\"X-A:\":\"1\"")]
    [InlineData("\"X-A\\r\\nSet-Cookie\":\"1\"")]
    [InlineData("\"X-Ä\":\"1\"")]
    [InlineData("\"\":\"1\"")]
    [InlineData("\"Content-Type\":\"no type\"")]
    [InlineData("\"Content-Type\":\"application/problem+json\"")]
    public async Task A_header_that_can_not_be_one_is_dropped(string header)
    {
        using var response = await AskAsync([Response($"{header},\"X-After\":\"1\"")]);
        Assert.Equal((HttpStatusCode.OK, "x"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Equal("text/plain; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(["X-After"], response.Headers.Select(sent => sent.Key).Where(name => name.StartsWith("X-A", StringComparison.OrdinalIgnoreCase) || name == "Set-Cookie"));
    }

    [Fact]
    public async Task More_headers_than_a_proxy_takes_are_cut_off()
    {
        var many = string.Join(',', Enumerable.Range(0, 500).Select(i => $"\"X-{i}\":\"{new string('v', 90)}\""));
        using var response = await AskAsync([Response(many)]);
        Assert.Equal((HttpStatusCode.OK, "x"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.InRange(response.Headers.Sum(header => header.Key.Length + header.Value.Sum(value => value.Length)), 1000, 4000);
        Assert.Equal(new string('v', 90), Header(response, "X-0"));
    }

    private static string Response(string headers, int status = 200) => $"{{\"response\":{{\"statusCode\":{status},\"body\":\"x\",\"headers\":{{{headers}}}}}}}";

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) || response.Content.Headers.NonValidated.TryGetValues(name, out values)
            ? string.Join(", ", values)
            : null;

    /// <summary>The answer to a job with this output.</summary>
    private async Task<HttpResponseMessage> AskAsync(string[] output, string query = "", string state = "success")
    {
        var task = await server.ImportAsync(Script, task: TwoArguments);
        var arguments = new JsonArray(state, new JsonArray([.. output.Select(text => JsonValue.Create(text))])).ToJsonString();
        using var created = await server.SendAsync(HttpMethod.Post, $"/task/{task["id"]}/job", json: arguments);
        return await server.SendAsync(HttpMethod.Get, $"/job/{created.Headers.GetValues("Job-Id").Single()}/result{query}");
    }
}

[Collection(SharedServer.Name)]
public sealed class LocalAnswerTests(TestServer server) : PollingAnswerTests(server);

[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyeAnswerTests(TheEyeTestServer server) : PollingAnswerTests(server);
