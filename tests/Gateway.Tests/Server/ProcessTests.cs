using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Auth;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>The server as a process of its own: its log, and how it ends.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;
    private readonly ProcessReaper _reaper;

    [Fact]
    public async Task Tokens_and_secrets_do_not_get_into_the_log()
    {
        await using var server = await StartAsync("--Logging:LogLevel:Default=Debug", "--Logging:LogLevel:Microsoft=Debug", "--Logging:LogLevel:Microsoft.AspNetCore=Trace");
        using var called = await server.Http.PostAsync(new Uri("/demo/task/echo/job?access_token=query-secret-1", UriKind.Relative), null);
        using var secret = await server.Http.PostAsync(new Uri("/demo/task/echo/secret/path-secret-2/job", UriKind.Relative), null);
        using var form = await server.Http.PostAsync(
            new Uri("/demo/task/echo/job", UriKind.Relative), new FormUrlEncodedContent([KeyValuePair.Create("access_token", "body-secret-3")]));
        Assert.Equal((401, 401, 401), ((int)called.StatusCode, (int)secret.StatusCode, (int)form.StatusCode));

        // This query is also in a Location, which the client follows.
        using var http = new HttpClient { BaseAddress = server.Address };
        using var redirected = await http.PostAsync(
            new Uri($"/task/echo/job?wait_result=true&access_token={DemoMode.UserToken}&task_arguments[]=1&task_arguments[]=2&x=query-secret-4", UriKind.Relative), null);
        Assert.Equal("1", await redirected.Content.ReadAsStringAsync());
        Assert.Contains("query-secret-4", redirected.RequestMessage!.RequestUri!.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, await server.StopAsync());
        Assert.DoesNotContain("-secret-", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_newcomer_first_sees_where_the_server_is_and_how_to_call_it()
    {
        await using var server = await StartAsync();
        Assert.StartsWith("SyncCluster is ready at http://127.0.0.1:", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_audit_log_can_be_read_as_json()
    {
        await using var server = await StartAsync("--Logging:Console:FormatterName=json");
        using var refused = await server.Http.PostAsync(new Uri("/demo/task/echo/job", UriKind.Relative), null);
        await Eventually.TrueAsync(() => Audit().Length == 1, "the refusal is logged");
        var state = Audit().Single()["State"]!;
        Assert.Equal(("run", 401, "nothing", "demo", "echo"), ((string)state["Action"]!, (int)state["Status"]!, (string)state["By"]!, (string)state["Customer"]!, (string)state["Task"]!));
        Assert.Equal(0, await server.StopAsync());

        JsonNode[] Audit() =>
        [
            .. server.Lines.Where(line => line.Text.StartsWith('{')).Select(line => JsonNode.Parse(line.Text)!)
                .Where(logged => (string?)logged["Category"] == "SyncCluster.Audit"),
        ];
    }

    [Theory]
    [InlineData("Batch", 3)]
    [InlineData("Inherited", 0)]
    public async Task Linux_schedules_the_threads_as_it_is_set(string setting, int policy)
    {
        await using var server = await StartAsync($"--Server:CpuScheduling={setting}");
        await server.CallAsync("echo");
        var threads = Directory.GetDirectories($"/proc/{server.Process.Id}/task").Select(PolicyOf).OfType<(string Name, int Policy)>().ToArray();
        foreach (var name in (string[])[".NET TP Worker", ".NET Sockets", "Console logger"])
        {
            Assert.Equal([policy], threads.Where(thread => thread.Name == name).Select(thread => thread.Policy).Distinct());
        }

        // The second field of what the system says of a thread is its name in parentheses, the 41st one its policy. Null: the thread has ended.
        static (string Name, int Policy)? PolicyOf(string thread)
        {
            try
            {
                var stat = File.ReadAllText(Path.Combine(thread, "stat"));
                var (from, to) = (stat.IndexOf('(', StringComparison.Ordinal) + 1, stat.LastIndexOf(')'));
                return (stat[from..to], int.Parse(stat[(to + 2)..].Split(' ')[38], CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                return null;
            }
        }
    }

    [Fact]
    public async Task A_script_does_not_outlive_a_server_that_was_killed()
    {
        await using var server = await StartAsync($"--Demo:Folder={_folder}", "--Waiting:Maximum=00:01:00");
        var pid = Path.Combine(_folder, "pid");
        _ = server.CallAsync("trapped");
        await Eventually.TrueAsync(() => File.Exists(pid), "the script runs");
        var script = Path.Combine("/proc", (await File.ReadAllTextAsync(pid)).Trim());
        Assert.True(Directory.Exists(script));
        server.Kill();
        await Eventually.TrueAsync(() => !Directory.Exists(script), "the script has ended");
    }

    [Fact]
    public async Task A_stopping_server_ends_its_scripts_and_answers_the_waiting_calls()
    {
        await using var server = await StartAsync(
            $"--Demo:Folder={_folder}", "--LocalExecutor:DrainTime=00:00:00.100", "--LocalExecutor:KillGrace=00:00:00.100",
            "--Waiting:DrainTime=00:01:00");
        var waiting = server.CallAsync("trapped");
        await Eventually.TrueAsync(() => File.Exists(Path.Combine(_folder, "pid")), "the script runs");
        Assert.Equal(0, await server.StopAsync());
        var (status, body) = await waiting;
        Assert.Equal(500, status);
        Assert.Contains("The server was stopped while the script ran", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stopping_server_answers_the_caller_of_a_longer_job_with_the_location_of_its_result()
    {
        await using var server = await StartAsync(
            $"--Demo:Folder={_folder}", "--Waiting:DrainTime=00:00:10", "--LocalExecutor:DrainTime=00:01:00",
            "--LocalExecutor:KillGrace=00:00:00.100");
        var waiting = server.PostAsync("trapped", "?parse&");
        await Eventually.TrueAsync(() => File.Exists(Path.Combine(_folder, "pid")), "the script runs");
        var stopped = server.StopAsync();
        while (await server.ReadyAsync() == HttpStatusCode.OK)
        {
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await server.ReadyAsync());
        Assert.False(waiting.IsCompleted);
        using var drained = await waiting;
        var job = drained.Headers.GetValues("Job-Id").Single();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, drained.StatusCode);
        Assert.Equal("application/problem+json", drained.Content.Headers.ContentType!.MediaType);
        Assert.Equal("5", drained.Headers.GetValues("Retry-After").Single());
        Assert.Equal($"/demo/job/{job}/result?parse", drained.Headers.Location!.ToString());
        Assert.Contains("is stopping", await drained.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(_folder, "end"), "");
        Assert.Equal(0, await stopped);
    }

    public ProcessTests()
    {
        _reaper = new(_folder);
        File.WriteAllText(
            Path.Combine(_folder, "trapped.json"),
            """{"task":{"name":"t","type":"script","script_runas":"sh %script%"},"file":{"filename":"trapped.sh"}}""");
        File.WriteAllText(
            Path.Combine(_folder, "trapped.sh"),
            $"trap '' TERM; echo $$ > {_folder}/new; mv {_folder}/new {_folder}/pid; until [ -e {_folder}/end ]; do sleep 0.1; done");
    }

    public void Dispose() => _reaper.Dispose();

    private async Task<GatewayProcess> StartAsync(params string[] settings)
    {
        var gateway = new GatewayProcess(_folder, _reaper, settings);
        await gateway.StartAsync();
        return gateway;
    }

    /// <summary>A gateway with the demonstration, as a process.</summary>
    private sealed class GatewayProcess(string folder, ProcessReaper reaper, string[] settings) : Harness.Processes.Server(
        new()
        {
            Name = "gateway",
            Command = [.. ServerPrograms.Gateway, ServerPrograms.AnyPort, .. settings],
            Ready = ServerPrograms.Ready,
            Folder = folder,

            // As on a machine with one core.
            Environment = new Dictionary<string, string> { ["DOTNET_gcServer"] = "0" },
        },
        reaper)
    {
        public string Output => string.Join('\n', Lines.Select(line => line.Text));

        public async Task<(int Status, string Body)> CallAsync(string task)
        {
            using var response = await PostAsync(task);
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
        }

        public async Task<HttpResponseMessage> PostAsync(string task, string query = "?")
        {
            using var body = new StringContent("[]", Encoding.UTF8, "application/json");
            return await Http.PostAsync(new Uri($"/demo/task/{task}/job{query}access_token={DemoMode.UserToken}", UriKind.Relative), body);
        }

        /// <summary>What a load balancer is answered, on a connection of its own.</summary>
        public async Task<HttpStatusCode> ReadyAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/health/ready");
            request.Headers.ConnectionClose = true;
            using var response = await Http.SendAsync(request);
            return response.StatusCode;
        }
    }
}
