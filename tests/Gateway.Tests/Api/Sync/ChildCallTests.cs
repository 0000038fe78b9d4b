using System.Text.Json;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Api.Polling;
using SyncCluster.Gateway.Tests.Documents;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;

namespace SyncCluster.Gateway.Tests.Api.Sync;

/// <summary>Scripts that call tasks and wait for them, on a server with one worker. The scripts are real, and call with curl.</summary>
public sealed class ChildCallTests(ChildCallTests.Server server) : IClassFixture<ChildCallTests.Server>
{
    [CurlFact]
    public async Task Scripts_that_wait_for_one_another_are_answered_although_each_has_a_worker()
    {
        var task = await server.NestingTaskAsync();
        Assert.Equal((200, """["innermost"]"""), await server.CallAsync(task, server.Calls(task, task, task)));
    }

    [CurlFact]
    public async Task Many_such_calls_at_once_are_all_answered()
    {
        var task = await server.NestingTaskAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(call => server.CallAsync(task, server.Calls(task, task))));
        Assert.All(answers, answer => Assert.Equal((200, """["innermost"]"""), answer));
    }

    [CurlFact]
    public async Task One_that_no_worker_could_ever_run_is_refused_in_words()
    {
        var task = await server.NestingTaskAsync();
        var (_, body) = await server.CallAsync(task, server.Calls(task, task, task, task));
        Assert.Equal((422, "4 scripts wait for one another already"), Refusal(body, "4 scripts wait for one another already"));
    }

    [CurlTheory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_serial_task_is_not_called_by_a_script_that_its_own_job_waits_for(int between)
    {
        var serial = await server.NestingTaskAsync(multitasking: false);
        var other = await server.NestingTaskAsync();
        var (_, body) = await server.CallAsync(serial, server.Calls([.. Enumerable.Repeat(other, between), serial]));
        Assert.Equal((422, "it would wait for itself"), Refusal(body, "it would wait for itself"));
    }

    [CurlFact]
    public async Task A_serial_task_may_be_called_by_the_scripts_of_others()
    {
        var (serial, other) = (await server.NestingTaskAsync(multitasking: false), await server.NestingTaskAsync());
        Assert.Equal((200, """["innermost"]"""), await server.CallAsync(other, server.Calls(serial)));
    }

    [Fact]
    public async Task The_token_of_a_script_that_has_ended_makes_no_child()
    {
        var printing = await server.ImportAsync("""echo "[\"$SYNCCLUSTER_JOB_TOKEN\"]" """);
        var token = JsonNode.Parse((await server.CallAsync(printing)).Body)![0]!.GetValue<string>();
        await AssertNoSuchParentAsync(printing, token);
    }

    [Fact]
    public async Task Only_the_script_itself_and_its_customer_know_a_token_that_counts()
    {
        var printed = Path.Combine(server.Folder, "token");
        var (waiting, called) = (await server.ImportAsync(
            $"echo $SYNCCLUSTER_JOB_TOKEN > {printed}.new; mv {printed}.new {printed}; while [ -e {printed} ]; do sleep 0.1; done; echo '[\"waited\"]'"),
            await server.ImportAsync("""echo '["child"]'"""));
        var call = server.CallAsync(waiting);
        await Eventually.TrueAsync(() => File.Exists(printed), "the script runs");
        var token = (await File.ReadAllTextAsync(printed)).Trim();

        // The worker is taken: this is answered only as a child.
        Assert.Equal((200, """["child"]"""), await CallAsync(called, token));
        await AssertNoSuchParentAsync(called, token[..25] + new string('A', 43));
        await AssertNoSuchParentAsync(called, new string('0', 24) + token[24..]);
        await AssertNoSuchParentAsync(called, $"{token}, {token}");
        await AssertNoSuchParentAsync(called, token[..24]);
        using var foreign = await server.SendAsync(
            HttpMethod.Post, $"/globex/task/{await server.ForeignTaskAsync()}/job", TestServer.Stranger, "[]", headers: ("Parent-Job", token));
        Assert.Equal(400, (int)foreign.StatusCode);
        File.Delete(printed);
        Assert.Equal((200, """["waited"]"""), await call);
    }

    [Fact]
    public async Task An_empty_header_is_none()
    {
        var task = await server.ImportAsync("""echo '["ran"]'""");
        Assert.Equal((200, """["ran"]"""), await CallAsync(task, ""));
    }

    private async Task AssertNoSuchParentAsync(JsonNode task, string token)
    {
        var (status, body) = await CallAsync(task, token);
        Assert.Equal(400, status);
        Assert.Contains("Parent-Job must be the SYNCCLUSTER_JOB_TOKEN", body, StringComparison.Ordinal);
        Assert.DoesNotContain(token, body, StringComparison.Ordinal);
    }

    private async Task<(int Status, string Body)> CallAsync(JsonNode task, string token)
    {
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", headers: ("Parent-Job", token));
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>The status of the problem that a script was answered with, and the words, if its message has them.</summary>
    private static (int Status, string Message) Refusal(string output, string words)
    {
        var problem = JsonNode.Parse(JsonNode.Parse(output)![0]!.GetValue<string>())!;
        var message = problem["message"]!.GetValue<string>();
        return (problem["statusCode"]!.GetValue<int>(), message.Contains(words, StringComparison.Ordinal) ? words : message);
    }

    public sealed class Server : TestServer
    {
        protected override string[] Settings => ["--LocalExecutor:Concurrency=1", "--LocalExecutor:DrainTime=00:00:00.200"];

        /// <summary>
        /// A task whose script calls the first of the addresses that it is given, with the others as arguments, and answers what it is answered.
        /// </summary>
        public Task<JsonNode> NestingTaskAsync(bool multitasking = true) => ImportAsync(
            """
            url=$1
            [ -n "$url" ] || { echo '["innermost"]'; exit; }
            shift
            rest=
            for next; do rest="$rest,\"$next\""; done
            curl -sS --max-time 40 -H "Authorization: Bearer user-token" -H "Parent-Job: $SYNCCLUSTER_JOB_TOKEN" \
                -H "Content-Type: application/json" -d "{\"task_arguments\":[${rest#,},\"\"]}" "$url"
            """,
            task: new
            {
                multitasking,
                timeout = 45_000,
                task_arguments = Enumerable.Range(0, 6).Select(order => new { order, label = $"url {order}", type = "input", required = false }),
            });

        /// <summary>Arguments for a nesting task: the addresses of the tasks that are called, the outermost first.</summary>
        public string Calls(params JsonNode[] tasks) =>
            JsonSerializer.Serialize(tasks.Select(task => $"{Http.BaseAddress}acme/task/{task["id"]}/job").Concat(Enumerable.Repeat("", 6 - tasks.Length)));

        public async Task<string> ForeignTaskAsync()
        {
            using var imported = await SendAsync(
                HttpMethod.Post, "/globex/task/import", Stranger, """{"task":{"name":"t","type":"dummy","task_arguments":[]}}""");
            return JsonNode.Parse(await imported.Content.ReadAsStringAsync())!["id"]!.GetValue<string>();
        }
    }
}
