using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Requests;

/// <summary>Calls and imports whose bodies are compressed, at a server with a small limit.</summary>
public abstract class CompressedCallTests(TestServer server)
{
    protected const int Limit = 100_000;

    private const string Echo = """printf '["%s"]\n' "${#1}" """;

    protected static readonly string[] Settings = [$"--Limits:Body={Limit}", "--Limits:FailedAuthentications=0"];

    [Theory]
    [InlineData("gzip")]
    [InlineData("GZIP")]
    [InlineData("x-gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("identity")]
    [InlineData("identity, gzip")]
    public async Task A_body_that_is_compressed_calls_as_the_same_body_does_that_is_not(string coding)
    {
        var task = await EchoAsync();
        Assert.Equal((200, """["5"]"""), await CallAsync($"/acme/task/{task["id"]}/job", """["world"]""", coding));
        Assert.Equal(
            (200, """["5"]"""),
            await CallAsync($"/acme/task/{task["id"]}/job", """{"access_token":"user-token","task_arguments":["world"]}""", coding, token: null));
    }

    [Fact]
    public async Task Every_call_may_be_compressed()
    {
        var task = await EchoAsync();
        Assert.Equal((200, """["1"]"""), await CallAsync($"/acme/task/{task["id"]}/job", "task_arguments=x", type: "application/x-www-form-urlencoded"));
        Assert.Equal((200, """["1"]"""), await CallAsync($"/acme/task/{task["id"]}/secret/{task["secret"]}/job", """["x"]""", token: null));
        Assert.Equal(
            (200, """["1"]"""),
            await CallAsync($"/job/secret/{task["secret"]}", $$"""{"customer":"acme","task":"{{task["id"]}}","task_arguments":["x"]}""", token: null));
        Assert.Equal(200, (await CallAsync($"/task/{task["id"]}/job", """["x"]""")).Status);
        Assert.Equal(200, (await CallAsync("/job", $$"""{"task":"{{task["id"]}}","task_arguments":["x"]}""")).Status);
    }

    [Theory]
    [InlineData("compress")]
    [InlineData("zstd")]
    [InlineData("gzip, br")]
    [InlineData("gzip, gzip")]
    public async Task A_coding_that_is_not_understood_is_a_415_that_names_those_that_are(string coding)
    {
        var task = await EchoAsync();
        foreach (var token in (string?[])[TestServer.User, null])
        {
            using var response = await SendAsync($"/acme/task/{task["id"]}/job", Encoding.UTF8.GetBytes("[]"), coding, token);
            Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
            Assert.Equal("gzip, br, deflate", string.Join(", ", response.Headers.GetValues("Accept-Encoding")));
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task A_body_that_is_corrupt_or_was_cut_off_is_a_400_wherever_it_is_cut(string coding)
    {
        var task = await EchoAsync();
        var whole = Compressed("""["world, and so that it is a little longer, the world once more"]""", coding);
        byte[][] corrupt =
        [
            Encoding.UTF8.GetBytes("""["world"]"""),
            .. Enumerable.Range(1, whole.Length - 1).Select(length => whole[..length]),
        ];
        foreach (var body in corrupt)
        {
            using var response = await SendAsync($"/acme/task/{task["id"]}/job", body, coding);
            Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{body.Length} of {whole.Length} bytes: {response.StatusCode}");
        }
    }

    [Fact]
    public async Task A_wrong_checksum_is_a_400()
    {
        var task = await EchoAsync();
        var body = Compressed("""["world"]""", "gzip");
        body[^6] ^= 1;
        using var response = await SendAsync($"/acme/task/{task["id"]}/job", body, "gzip");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task A_body_may_have_as_many_bytes_when_it_is_decompressed_as_the_limit_says(string coding)
    {
        var task = await EchoAsync();
        var path = $"/acme/task/{task["id"]}/job";
        Assert.Equal((200, $"""["{Limit - 4}"]"""), await CallAsync(path, $"[\"{new string('x', Limit - 4)}\"]", coding));
        Assert.Equal(413, (await CallAsync(path, $"[\"{new string('x', Limit - 3)}\"]", coding)).Status);
        Assert.Equal(413, (await CallAsync(path, new string(' ', 200 * Limit), coding)).Status);
    }

    internal static byte[] Compressed(string text, string coding)
    {
        var buffer = new MemoryStream();
        using (Stream stream = coding.Split(", ")[^1].ToLowerInvariant() switch
        {
            "gzip" or "x-gzip" => new GZipStream(buffer, CompressionLevel.Optimal),
            "br" => new BrotliStream(buffer, CompressionLevel.Fastest),
            "deflate" => new ZLibStream(buffer, CompressionLevel.Optimal),
            _ => buffer,
        })
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
        }

        return buffer.ToArray();
    }

    private Task<JsonNode> EchoAsync() =>
        server.ImportAsync(Echo, task: new { task_arguments = new[] { new { order = 0, type = "input", label = "a" } } });

    protected async Task<(int Status, string Body)> CallAsync(
        string path, string text, string coding = "gzip", string? token = TestServer.User, string type = "application/json")
    {
        using var response = await SendAsync(path, Compressed(text, coding), coding, token, type);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private async Task<HttpResponseMessage> SendAsync(
        string path, byte[] body, string coding, string? token = TestServer.User, string type = "application/json")
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        Assert.True(content.Headers.TryAddWithoutValidation("Content-Encoding", coding));
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return await server.Http.SendAsync(request);
    }
}

public sealed class LocalCompressedCallTests(LocalCompressedCallTests.Server server)
    : CompressedCallTests(server), IClassFixture<LocalCompressedCallTests.Server>
{
    [Fact]
    public async Task An_import_may_be_compressed()
    {
        Assert.Equal(201, (await CallAsync("/acme/task/import", """{"task":{"name":"d","type":"dummy"}}""", token: TestServer.Admin)).Status);
        Assert.Equal(
            201,
            (await CallAsync("/acme/task/import", """{"task":{"name":"d","type":"dummy"},"access_token":"admin-token"}""", token: null)).Status);
    }

    [Fact]
    public async Task An_import_of_a_stranger_is_decompressed_up_to_the_limit_of_a_call()
    {
        var bomb = $$"""{"task":{"name":"d","type":"dummy"},"access_token":"admin-token"}{{new string(' ', Limit)}}""";
        var (status, body) = await CallAsync("/acme/task/import", bomb, token: null);
        Assert.Equal(413, status);
        Assert.Contains("to look for a token in it", body, StringComparison.Ordinal);
        Assert.Equal(201, (await CallAsync("/acme/task/import", bomb.Replace("access_token", "x", StringComparison.Ordinal), token: TestServer.Admin)).Status);
    }

    public sealed class Server : TestServer
    {
        protected override string[] Settings => CompressedCallTests.Settings;
    }
}

public sealed class TheEyeCompressedCallTests(TheEyeCompressedCallTests.Server server)
    : CompressedCallTests(server), IClassFixture<TheEyeCompressedCallTests.Server>
{
    public sealed class Server : TheEyeTestServer
    {
        protected override string[] Settings => [.. base.Settings, .. CompressedCallTests.Settings];
    }
}
