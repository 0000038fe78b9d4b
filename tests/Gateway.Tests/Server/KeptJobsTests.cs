using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using SyncCluster.Gateway.Auth;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>What a server in one process has promised holds after it was killed, stopped, or short of disk: real processes on one folder.</summary>
public sealed class KeptJobsTests : IDisposable
{
    private const int Calls = 1000;
    private const int Clients = 16;

    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;
    private readonly ProcessReaper _reaper;

    public KeptJobsTests() => _reaper = new(_folder);

    private string Runs => Path.Combine(_folder, "runs");

    /// <summary>Whether a job has its place in the queue of its serial task. It takes it after the call was accepted, and is in no order before.</summary>
    private bool IsInStoredQueue(Uri result)
    {
        using var file = new SqliteConnection($"Data Source={Path.Combine(_folder, "data", "synccluster.db")};Mode=ReadOnly;Pooling=False");
        file.Open();
        using var query = file.CreateCommand();
        query.CommandText = "SELECT count(*) FROM record WHERE state = 'line' AND instr(data, CAST($job AS BLOB)) > 0";
        query.Parameters.AddWithValue("$job", Regex.Match(result.ToString(), "[0-9a-f]{24}").Value);
        return (long)query.ExecuteScalar()! == 1;
    }

    public void Dispose() => _reaper.Dispose();

    /// <param name="isDiskFull">Whether the disk is full when the server is killed: its last write is torn.</param>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_1000_keyed_calls_none_is_lost_and_none_runs_twice_when_the_server_is_killed(bool isDiskFull)
    {
        await new DemoTask("dummy") { Arguments = ["number"] }.WriteAsync(_folder);
        await new DemoTask("script") { Arguments = ["number"], Script = $"echo $1 >> {Runs}; echo \"[\\\"$1\\\"]\"" }.WriteAsync(_folder);
        await using var server = Gateway("--Waiting:Patience=00:00:00.5");
        await server.StartAsync();
        var clients = new RetryingClients(server);
        var answers = Enumerable.Range(0, Clients).Select(client => clients.RunAsync(client)).ToArray();
        await Eventually.TrueAsync(() => clients.Answered > Calls / 4, "a quarter of the calls is answered");
        if (isDiskFull)
        {
            var refused = clients.Refused;
            LimitFiles(server.Process.Id, new FileInfo(Path.Combine(_folder, "data", "synccluster.db-wal")).Length + 3000);
            clients.GoOn();
            await Eventually.TrueAsync(() => clients.Refused >= refused + Clients, "the clients are refused");
        }

        clients.GoOn();
        server.Kill();
        await server.StartAsync();
        await Task.WhenAll(answers);

        // A job whose script ran when the server was killed has ended, and says so.
        var lost = clients.Answers.Where(answer => answer.Value.Contains("The server that ran the job is gone.", StringComparison.Ordinal)).ToArray();
        Assert.InRange(lost.Length, 0, Clients);
        Assert.All(clients.Answers.Except(lost), answer => Assert.Equal($"[\"{answer.Key}\"]", answer.Value));
        Assert.Equal(Calls, clients.Answers.Count);

        // What was answered before the server was killed is still the answer of its key.
        await Parallel.ForEachAsync(Enumerable.Range(0, Calls / 4), async (number, _) =>
            Assert.Equal(clients.Answers[number], await clients.CallAsync(number)));
        var runs = (await File.ReadAllLinesAsync(Runs)).Select(int.Parse).ToArray();
        Assert.Equal(runs.Length, runs.Distinct().Count());
        var ended = clients.Answers.Keys.Except(lost.Select(answer => answer.Key)).Where(number => RetryingClients.TaskOf(number) == "script");
        Assert.Subset(runs.ToHashSet(), ended.ToHashSet());
    }

    [Fact]
    public async Task A_disk_that_is_full_refuses_calls_until_it_has_room_and_loses_none()
    {
        await new DemoTask("dummy") { Arguments = ["number"] }.WriteAsync(_folder);
        await using var server = Gateway("--Waiting:Patience=00:00:00.5");
        await server.StartAsync();
        Assert.Equal((200, "[\"1\"]"), await server.CallAsync("dummy", 1));
        LimitFiles(server.Process.Id, new FileInfo(Path.Combine(_folder, "data", "synccluster.db-wal")).Length + 3000);
        Assert.Equal(503, (await server.CallAsync("dummy", 2)).Status);
        Assert.Equal((200, "[\"1\"]"), await server.CallAsync("dummy", 1));
        await Eventually.TrueAsync(() => server.Printed("can't be written"), "the operator is told");
        LimitFiles(server.Process.Id, null);
        Assert.Equal((200, "[\"2\"]"), await server.CallAsync("dummy", 2));
        await Eventually.TrueAsync(() => server.Printed("is written again"), "the operator is told");
    }

    /// <param name="isKilled">Whether the server is killed; else it is stopped.</param>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_queued_job_runs_after_a_restart_though_nobody_waits_and_one_that_ran_has_ended(bool isKilled)
    {
        var go = Path.Combine(_folder, "go");
        await new DemoTask("serial")
        {
            IsSerial = true,
            Arguments = ["number"],
            Script = $"echo $1 >> {Runs}; until [ -e {go} ]; do sleep 0.1; done; echo \"[\\\"$1\\\"]\"",
        }.WriteAsync(_folder);
        await using var server = Gateway(
            "--Limits:Jobs:PerCustomer=3", "--LocalExecutor:DrainTime=00:00:00.1", "--LocalExecutor:KillGrace=00:00:00.1");
        await server.StartAsync();
        await Eventually.TrueAsync(() => server.Printed($"It keeps jobs and tasks in {_folder}/data"), "the server says where it keeps its jobs");
        var first = await server.SubmitAsync("serial", 1);
        await Eventually.TrueAsync(() => File.Exists(Runs), "the first job runs");
        var second = await server.SubmitAsync("serial", 2);
        await Eventually.TrueAsync(() => IsInStoredQueue(second), "the second job has its place in the task's queue");
        var third = await server.SubmitAsync("serial", 3);
        if (isKilled)
        {
            server.Kill();
        }
        else
        {
            Assert.Equal(0, await server.StopAsync());
        }

        await server.StartAsync();
        await Eventually.TrueAsync(() => File.ReadAllLines(Runs).Length == 2, "the second job runs");
        Assert.Equal(["1", "2"], await File.ReadAllLinesAsync(Runs));

        // Both jobs count for the quota, and the third one waits for its turn. It has been taken up when its state is told.
        var state = new Uri(third.ToString().Replace("/result", "/lifecycle", StringComparison.Ordinal), UriKind.Relative);
        Assert.Equal((200, "\"ready\""), await server.ResultAsync(state));
        await server.SubmitAsync("serial", 4);
        using (var refused = await server.PostAsync("serial", 5, "respond-async"))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        }

        await File.WriteAllTextAsync(go, "");
        var (status, body) = await server.ResultAsync(first);
        Assert.Equal(500, status);
        var why = isKilled ? "The server that ran the job is gone." : "The server was stopped while the script ran";
        Assert.Contains(why, body, StringComparison.Ordinal);
        Assert.Equal((200, "[\"2\"]"), await server.ResultAsync(second));
        Assert.Equal((200, "[\"3\"]"), await server.ResultAsync(third));
        Assert.Equal((200, "[\"4\"]"), await server.CallAsync("serial", 4));
        Assert.Equal(["1", "2", "3", "4"], await File.ReadAllLinesAsync(Runs));
    }

    [Fact]
    public async Task A_second_server_in_the_same_folder_does_not_start_and_the_first_one_goes_on()
    {
        await new DemoTask("dummy") { Arguments = ["number"] }.WriteAsync(_folder);
        await using var first = Gateway();
        await using var second = Gateway();
        await first.StartAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => second.StartAsync());
        Assert.Equal(1, await second.Process.ExitAsync());
        Assert.True(second.Printed($"The server can't start: Another server uses the folder {_folder}/data."));
        Assert.Equal((200, "[\"1\"]"), await first.CallAsync("dummy", 1));
    }

    /// <summary>Lets a process write no file beyond a size, in bytes; null: all sizes.</summary>
    private static void LimitFiles(int process, long? size)
    {
        var limit = size?.ToString(CultureInfo.InvariantCulture) ?? "unlimited";
        using var prlimit = System.Diagnostics.Process.Start("prlimit", [$"--pid={process}", $"--fsize={limit}:unlimited"]);
        prlimit.WaitForExit();
        Assert.Equal(0, prlimit.ExitCode);
    }

    private GatewayProcess Gateway(params string[] settings) => new(_folder, _reaper, settings);

    /// <summary>A demonstration that keeps its jobs where it does by default: below its working directory.</summary>
    private sealed class GatewayProcess(string folder, ProcessReaper reaper, string[] settings) : Harness.Processes.Server(
        new()
        {
            Name = "gateway",
            Command =
            [
                // The signal of a file that is too large would end the process.
                "sh", "-c", "trap '' XFSZ; cd \"$0\" && unset Storage__Path && exec \"$@\"", folder,
                .. ServerPrograms.Gateway, ServerPrograms.AnyPort, $"--Demo:Folder={folder}", .. settings,
            ],
            Ready = ServerPrograms.Ready,
            Folder = folder,
            Environment = new Dictionary<string, string> { ["DOTNET_gcServer"] = "0" },
        },
        reaper)
    {
        public bool Printed(string text) => Lines.Any(line => line.Text.Contains(text, StringComparison.Ordinal));

        /// <summary>Runs a task with a number; the number is the key as well.</summary>
        public async Task<(int Status, string Body)> CallAsync(string task, int number)
        {
            using var response = await PostAsync(task, number);
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
        }

        /// <summary>Starts a job and does not wait for it.</summary>
        /// <returns>Where its result is.</returns>
        public async Task<Uri> SubmitAsync(string task, int number)
        {
            using var response = await PostAsync(task, number, "respond-async");
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
            return response.Headers.Location!;
        }

        public async Task<(int Status, string Body)> ResultAsync(Uri location)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, location) { Headers = { Authorization = new("Bearer", DemoMode.UserToken) } };
            using var response = await Http.SendAsync(request);
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
        }

        public async Task<HttpResponseMessage> PostAsync(string task, int number, string? prefer = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"/demo/task/{task}/job", UriKind.Relative))
            {
                Content = new StringContent($"[\"{number}\"]", Encoding.UTF8, "application/json"),
                Headers = { Authorization = new("Bearer", DemoMode.UserToken) },
            };
            request.Headers.Add("Idempotency-Key", $"key-{number}");
            if (prefer is not null)
            {
                request.Headers.Add("Prefer", prefer);
            }

            return await Http.SendAsync(request);
        }
    }

    /// <summary>Clients that repeat each call with its key until it is answered.</summary>
    private sealed class RetryingClients(GatewayProcess server)
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

        private readonly ConcurrentDictionary<int, string> _answers = new();
        private readonly TaskCompletionSource _goesOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _refused;

        public IReadOnlyDictionary<int, string> Answers => _answers;

        public int Answered => _answers.Count;

        public int Refused => Volatile.Read(ref _refused);

        public static string TaskOf(int number) => number % 4 == 0 ? "script" : "dummy";

        /// <summary>Lets the clients make the second half of the calls.</summary>
        public void GoOn() => _goesOn.TrySetResult();

        public async Task RunAsync(int client)
        {
            for (var number = client; number < Calls; number += Clients)
            {
                await (number < Calls / 2 ? Task.CompletedTask : _goesOn.Task);
                _answers[number] = await CallAsync(number);
            }
        }

        public async Task<string> CallAsync(int number)
        {
            while (true)
            {
                try
                {
                    var (status, body) = await server.CallAsync(TaskOf(number), number);
                    if (status is 200 or 500)
                    {
                        return body;
                    }

                    Interlocked.Increment(ref _refused);
                }
                catch (Exception fault) when (fault is HttpRequestException or IOException)
                {
                    // The server is gone, or not there yet.
                }

                await Task.Delay(Pause);
            }
        }
    }
}
