using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using SyncCluster.Gateway.Auth;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>The server as a process of its own: what it prints, and how it goes.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;

    [Fact]
    public async Task Tokens_and_secrets_do_not_get_into_the_log()
    {
        using var server = await ServerProcess.StartAsync("--Logging:LogLevel:Default=Debug", "--Logging:LogLevel:Microsoft=Debug", "--Logging:LogLevel:Microsoft.AspNetCore=Trace");
        using var called = await server.Http.PostAsync(new Uri("/demo/task/echo/job?access_token=query-secret-1", UriKind.Relative), null);
        using var secret = await server.Http.PostAsync(new Uri("/demo/task/echo/secret/path-secret-2/job", UriKind.Relative), null);
        using var form = await server.Http.PostAsync(
            new Uri("/demo/task/echo/job", UriKind.Relative), new FormUrlEncodedContent([KeyValuePair.Create("access_token", "body-secret-3")]));
        Assert.Equal((401, 401, 401), ((int)called.StatusCode, (int)secret.StatusCode, (int)form.StatusCode));

        // What stands in this query is in a Location, too, which is followed.
        using var redirected = await server.Http.PostAsync(
            new Uri($"/task/echo/job?wait_result=true&access_token={DemoMode.UserToken}&task_arguments[]=1&task_arguments[]=2&x=query-secret-4", UriKind.Relative), null);
        Assert.Equal("1", await redirected.Content.ReadAsStringAsync());
        Assert.Contains("query-secret-4", redirected.RequestMessage!.RequestUri!.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, await server.StopAsync());
        Assert.DoesNotContain("-secret-", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_does_not_outlive_a_server_that_was_killed()
    {
        using var server = await ServerProcess.StartAsync($"--Demo:Folder={_folder}", "--Waiting:Maximum=00:01:00");
        var pid = Path.Combine(_folder, "pid");
        _ = server.CallAsync("trapped");
        await TestServer.UntilAsync(() => File.Exists(pid));
        var script = Path.Combine("/proc", (await File.ReadAllTextAsync(pid)).Trim());
        Assert.True(Directory.Exists(script));
        server.Kill();
        await TestServer.UntilAsync(() => !Directory.Exists(script));
    }

    [Fact]
    public async Task A_server_that_is_told_to_stop_ends_its_scripts_and_answers_who_waits()
    {
        using var server = await ServerProcess.StartAsync(
            $"--Demo:Folder={_folder}", "--LocalExecutor:DrainTime=00:00:00.100", "--LocalExecutor:KillGrace=00:00:00.100");
        var waiting = server.CallAsync("trapped");
        await TestServer.UntilAsync(() => File.Exists(Path.Combine(_folder, "pid")));
        Assert.Equal(0, await server.StopAsync());
        var (status, body) = await waiting;
        Assert.Equal(500, status);
        Assert.Contains("The server was stopped while the script ran", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_told_to_stop_says_where_the_answer_of_a_longer_wait_will_be()
    {
        using var server = await ServerProcess.StartAsync(
            $"--Demo:Folder={_folder}", "--Waiting:DrainTime=00:00:02", "--LocalExecutor:DrainTime=00:00:05", "--LocalExecutor:KillGrace=00:00:00.100");
        var waiting = server.PostAsync("trapped", "?parse&");
        await TestServer.UntilAsync(() => File.Exists(Path.Combine(_folder, "pid")));
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
        Assert.Equal(0, await stopped);
    }

    public ProcessTests()
    {
        File.WriteAllText(
            Path.Combine(_folder, "trapped.json"),
            """{"task":{"name":"t","type":"script","script_runas":"sh %script%"},"file":{"filename":"trapped.sh"}}""");
        File.WriteAllText(Path.Combine(_folder, "trapped.sh"), $"trap '' TERM; echo $$ > {_folder}/new; mv {_folder}/new {_folder}/pid; while :; do sleep 1; done");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private sealed class ServerProcess : IDisposable
    {
        private readonly Process _process;
        private readonly ConcurrentQueue<string> _lines = new();

        private ServerProcess(string[] settings)
        {
            string[] arguments = [Path.Combine(AppContext.BaseDirectory, "SyncCluster.Gateway.dll"), "--urls=http://127.0.0.1:0", .. settings];
            _process = new Process
            {
                StartInfo = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true },
            };
            _process.OutputDataReceived += (_, line) => _lines.Enqueue(line.Data ?? "");
            _process.ErrorDataReceived += (_, line) => _lines.Enqueue(line.Data ?? "");
            _process.Start();
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromMinutes(2) };

        public string Output => string.Join('\n', _lines);

        public static async Task<ServerProcess> StartAsync(params string[] settings)
        {
            var server = new ServerProcess(settings);
            await TestServer.UntilAsync(() => server._process.HasExited || server.Output.Contains("(a new one at every start)", StringComparison.Ordinal));
            Assert.False(server._process.HasExited, server.Output);
            var ready = server._lines.Single(line => line.StartsWith("SyncCluster is ready at ", StringComparison.Ordinal));
            server.Http.BaseAddress = new Uri(ready.Split(' ')[4].TrimEnd('.'));
            return server;
        }

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

        /// <summary>What a load balancer hears, on a connection of its own.</summary>
        public async Task<HttpStatusCode> ReadyAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/health/ready");
            request.Headers.ConnectionClose = true;
            using var response = await Http.SendAsync(request);
            return response.StatusCode;
        }

        public void Kill() => _process.Kill();

        /// <summary>SIGTERM; the exit code.</summary>
        public async Task<int> StopAsync()
        {
            using (Process.Start("kill", ["-TERM", $"{_process.Id}"]))
            {
                await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
            }

            return _process.ExitCode;
        }

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                _process.Kill();
            }

            _process.Dispose();
            Http.Dispose();
        }
    }
}
