using System.Diagnostics;
using System.Net;
using System.Text;
using SyncCluster.Gateway.Tests.Server;
using Gate = SyncCluster.Gateway.Tests.Api.Jobs.AttachTests.Gate;

namespace SyncCluster.Gateway.Tests.Api.Polling;

/// <summary>What the dialect is for: one <c>curl -L</c> gets the answer, however many waits it takes.</summary>
public abstract class PollingWithCurlTests(TestServer server)
{
    [CurlFact]
    public async Task With_the_token_in_the_query() => await FollowAsync($"job?wait_result=true&access_token={await TokenAsync()}");

    [CurlFact]
    public async Task With_the_token_in_a_header() =>
        await FollowAsync("job?wait_result=true", "--header", $"Authorization: Bearer {await TokenAsync()}");

    [CurlFact]
    public async Task As_a_post_to_the_end() =>
        await FollowAsync($"job?wait_result=true&access_token={await TokenAsync()}", "--request", "POST");

    [CurlFact]
    public Task With_the_tasks_secret() => FollowAsync("secret/SECRET/job?customer=acme&wait_result=true");

    private async Task FollowAsync(string path, params string[] options)
    {
        var gate = new Gate(server);
        var task = await server.ImportAsync(gate.Script);
        var address = $"{server.Http.BaseAddress}task/{task["id"]}/{path.Replace("SECRET", task["secret"]!.GetValue<string>(), StringComparison.Ordinal)}&limit=50";
        string[] arguments =
        [
            "-sSv", "-L", "--max-time", "60", "-w", " %{http_code} %{num_redirects}",
            "--header", "Content-Type: application/json", "--data", """{"task_arguments":[]}""",
            .. options, address,
        ];
        using var curl = Process.Start(new ProcessStartInfo("curl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = curl.StandardOutput.ReadToEndAsync();
        var (told, redirects) = (new StringBuilder(), 0);
        while (await curl.StandardError.ReadLineAsync() is { } line)
        {
            told.AppendLine(line);
            if (line.StartsWith("< HTTP/1.1 303", StringComparison.Ordinal) && ++redirects == 3)
            {
                // To the first wait, to the second and to the third.
                gate.Open();
            }
        }

        await curl.WaitForExitAsync();
        gate.Open();
        Assert.True(redirects >= 3, $"{told}");
        Assert.Equal($$"""{"n":1} 200 {{redirects}}""", await output);
        Assert.Equal(1, gate.Runs);
    }

    /// <summary>A user's token, which the server knows by now.</summary>
    protected virtual Task<string> TokenAsync() => Task.FromResult(TestServer.User);
}

public sealed class LocalCurlTests(LocalPollingTests.Server server) : PollingWithCurlTests(server), IClassFixture<LocalPollingTests.Server>;

public sealed class TheEyeCurlTests(TheEyePollingTests.Server server) : PollingWithCurlTests(server), IClassFixture<TheEyePollingTests.Server>
{
    private readonly TheEyePollingTests.Server _server = server;

    /// <summary>A new one: TheEye is not asked for it again for half a minute, and an answer of TheEye may take longer than a wait.</summary>
    protected override async Task<string> TokenAsync()
    {
        var token = $"token-{Guid.NewGuid()}";
        _server.AddUser(token, "nora");
        await TestServer.UntilAsync(
            async () =>
            {
                using var response = await _server.SendAsync(HttpMethod.Get, "/acme/job/0123456789abcdef01234567", token);
                return response.StatusCode == HttpStatusCode.NotFound;
            },
            "the token is known");
        return token;
    }
}

/// <summary>A test that needs curl.</summary>
internal sealed class CurlFactAttribute : FactAttribute
{
    public CurlFactAttribute() => Skip =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "curl"))) ? null : "curl is not installed.";
}
