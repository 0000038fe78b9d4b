using System.Diagnostics;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Api.Polling;

/// <summary>What the dialect is for: one <c>curl -L</c> gets the answer, however many waits it takes.</summary>
public abstract class PollingWithCurlTests(TestServer server)
{
    [CurlFact]
    public Task With_the_token_in_the_query() => FollowAsync("job?wait_result=true&access_token=user-token");

    [CurlFact]
    public Task With_the_token_in_a_header() => FollowAsync("job?wait_result=true", "--header", "Authorization: Bearer user-token");

    [CurlFact]
    public Task As_a_post_to_the_end() => FollowAsync("job?wait_result=true&access_token=user-token", "--request", "POST");

    [CurlFact]
    public Task With_the_tasks_secret() => FollowAsync("secret/SECRET/job?customer=acme&wait_result=true");

    private async Task FollowAsync(string path, params string[] options)
    {
        // Longer than the server's longest wait, twice.
        var mark = Path.Combine(server.Folder, Guid.NewGuid().ToString("N"));
        var task = await server.ImportAsync($$"""echo run >> {{mark}}; sleep {{Seconds}}; echo '{"data":["{\"n\":1}"]}'""");
        var address = $"{server.Http.BaseAddress}task/{task["id"]}/{path.Replace("SECRET", task["secret"]!.GetValue<string>(), StringComparison.Ordinal)}&limit=50";
        string[] arguments =
        [
            "-sS", "-L", "--max-time", "60", "-w", " %{http_code} %{num_redirects}", "--header", "Content-Type: application/json", "--data", """{"task_arguments":[]}""",
            .. options, address,
        ];
        using var curl = Process.Start(new ProcessStartInfo("curl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = curl.StandardOutput.ReadToEndAsync();
        var errors = curl.StandardError.ReadToEndAsync();
        await curl.WaitForExitAsync();
        Assert.Matches("""^\{"n":1\} 200 ([2-9]|[1-4]\d)$""", await output + await errors);
        Assert.Equal(["run"], await File.ReadAllLinesAsync(mark));
    }

    /// <summary>How long the task takes.</summary>
    protected abstract string Seconds { get; }
}

public sealed class LocalCurlTests(LocalPollingTests.Server server) : PollingWithCurlTests(server), IClassFixture<LocalPollingTests.Server>
{
    protected override string Seconds => "1.2";
}

public sealed class TheEyeCurlTests(TheEyePollingTests.Server server) : PollingWithCurlTests(server), IClassFixture<TheEyePollingTests.Server>
{
    protected override string Seconds => "4.2";
}

/// <summary>A test that needs curl.</summary>
internal sealed class CurlFactAttribute : FactAttribute
{
    public CurlFactAttribute() => Skip =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "curl"))) ? null : "curl is not installed.";
}
