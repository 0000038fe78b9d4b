using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Harness;
using static SyncCluster.Cluster.Tests.Compatibility.Version01Cluster;

namespace SyncCluster.Cluster.Tests.Compatibility;

/// <summary>
/// Has a cluster that runs scripts store something of each kind, kills it while some of its jobs have not ended, and records all that is left.
/// </summary>
public sealed class LocalRecording : IAsyncLifetime
{
    internal static readonly string[] SerialJobs = ["first serial job", "second serial job", "third serial job"];
    private static readonly string[] Names = ["greet", "say", "wait", "serial", "echo"];

    private readonly EmptyCluster _cluster = new();
    private readonly Dictionary<string, string> _ids = [];
    private readonly Dictionary<string, string> _secrets = [];

    public Task InitializeAsync() => _cluster.InitializeAsync();

    public Task DisposeAsync() => _cluster.DisposeAsync().AsTask();

    [RecordingFact]
    public async Task Record()
    {
        foreach (var name in Names)
        {
            var imported = await _cluster.SendAsync(new("POST", "/acme/task/import") { Token = AdminToken, Body = RecipeOf(name) });
            var task = JsonNode.Parse(imported.Answer)!;
            (_ids[name], _secrets[name]) = ((string)task["id"]!, (string)task["secret"]!);
        }

        var jobs = await EndedAsync();
        var repeats = await RepeatsAsync();
        var unfinished = await UnfinishedAsync();
        jobs = [.. jobs, await GetAsync($"/acme/job/{(await CanceledAsync(hasBegun: false)).JobId}/result?full")];
        var tasks = await TasksAsync();
        foreach (var server in _cluster.Servers)
        {
            server.Kill();
        }

        await Recorded.WriteAsync(
            "local",
            new() { Jobs = jobs, Tasks = tasks, Repeats = repeats, Unfinished = unfinished, TaskIds = _ids, Secrets = _secrets },
            await StoredKeys.ReadAsync(_cluster.Redis));
    }

    /// <summary>Asks for jobs that have ended in each way.</summary>
    private async Task<Exchange[]> EndedAsync()
    {
        Exchange[] calls =
        [
            await CallAsync("greet", """["Uma"]"""),
            await CallAsync("say", """["{\"state\":\"failure\",\"data\":[\"\\u00fc\"],\"event_name\":\"e\",\"components\":{},\"next\":[]}"]"""),
            await CallAsync("say", """["[\"{\\\"statusCode\\\":418,\\\"message\\\":\\\"a teapot\\\"}\",\"2\"]"]"""),
            await CallAsync("say", """["text that is not JSON"]""", query: "?cancel_on_disconnect"),
            await CallAsync("echo", """["a",{"b":[1,null]}]"""),
            await CanceledAsync(hasBegun: true),
        ];
        var exchanges = new List<Exchange>();
        foreach (var job in calls.Select(call => call.JobId))
        {
            foreach (var query in (string[])["", "?result", "?full", "?parse"])
            {
                exchanges.Add(await GetAsync($"/acme/job/{job}/result{query}"));
            }
        }

        var teapot = calls[2].JobId;
        exchanges.Add(await GetAsync($"/acme/job/{teapot}"));
        exchanges.Add(await GetAsync($"/acme/job/{teapot}/lifecycle"));
        exchanges.Add(await GetAsync($"/acme/job/{teapot}/events"));
        exchanges.Add(await GetAsync($"/acme/job/{teapot}/result?parse=1"));
        exchanges.Add(await GetAsync($"/job/{teapot}/result?timeout=10"));

        var bySecret = await _cluster.SendAsync(
            new("POST", $"/acme/task/{_ids["greet"]}/secret/{_secrets["greet"]}/job") { Body = """["secret"]""", Prefer = "respond-async" });
        exchanges.Add(await GetAsync(bySecret.Location!, token: null));
        var demo = await _cluster.SendAsync(new("POST", "/demo/task/say/job") { Token = DemoToken, Body = """["[\"demo\"]"]""" });
        exchanges.Add(await GetAsync($"/demo/job/{demo.JobId}/result?full", DemoToken));
        return [.. exchanges];
    }

    /// <summary>Repeats calls with their keys.</summary>
    private async Task<Exchange[]> RepeatsAsync()
    {
        Exchange[] calls =
        [
            new("POST", $"/acme/task/{_ids["greet"]}/job") { Token = UserToken, Key = "order-1", Body = """["Uma"]""" },
            new("POST", $"/acme/task/{_ids["say"]}/job?full") { Token = UserToken, Key = "order-2", Body = """["{\"state\":\"failure\"}"]""" },
            new("POST", $"/acme/task/{_ids["echo"]}/job") { Token = UserToken, Key = "order-3", Body = """{"task_arguments":[1,2]}""" },
            new("POST", $"/acme/task/{_ids["greet"]}/secret/{_secrets["greet"]}/job") { Key = "order-4", Body = """["Uma"]""" },
            new("POST", "/demo/task/say/job") { Token = DemoToken, Key = "order-5", Body = """["[\"demo\"]"]""" },
        ];
        await Task.WhenAll(calls.Select(_cluster.SendAsync));
        Exchange[] others =
        [
            calls[0] with { Body = """["another"]""" },
            calls[2] with { Body = """{"task_arguments":[1,2],"more":3}""" },
            calls[3] with { Body = """["another"]""" },
        ];
        return await Task.WhenAll([.. calls.Concat(others).Select(_cluster.SendAsync)]);
    }

    private Task<Exchange[]> TasksAsync() => Task.WhenAll(
    [
        GetAsync("/acme/task"),
        .. Names.Select(name => GetAsync($"/acme/task/{_ids[name]}")),
        .. Names.Select(name => GetAsync($"/acme/task/{_ids[name]}/recipe", AdminToken)),
        GetAsync("/demo/task", DemoToken),
        GetAsync("/demo/task/say", DemoToken),
    ]);

    /// <summary>Has both workers run a script, and other jobs wait in the silo's queue and in that of their serial task.</summary>
    private async Task<Dictionary<string, Exchange>> UnfinishedAsync()
    {
        var calls = new Dictionary<string, Exchange>
        {
            ["running"] = await CallAsync("wait", """["300"]""", prefer: "respond-async"),
            [SerialJobs[0]] = await CallAsync("serial", """["300"]""", prefer: "respond-async"),
        };
        await Eventually.TrueAsync(() => calls.Values.All(call => _cluster.Ran().Contains(call.JobId)), "both scripts run");
        calls[SerialJobs[1]] = await CallAsync("serial", """["0"]""", prefer: "respond-async");
        calls[SerialJobs[2]] = await CallAsync("serial", """["0"]""", prefer: "respond-async");
        calls["queued"] = await CallAsync("wait", """["0"]""", prefer: "respond-async");
        calls["queued with a key"] = await CallAsync("wait", """["0"]""", key: "order-6", prefer: "respond-async");
        await Eventually.TrueAsync(
            async () => (await StoredKeys.ReadAsync(_cluster.Redis)).Values.Any(state => SerialJobs.All(name => state.Names(calls[name].JobId!))),
            "the task's queue has all three");
        return calls;
    }

    private async Task<Exchange> CanceledAsync(bool hasBegun)
    {
        var call = await CallAsync("wait", """["300"]""", prefer: "respond-async");
        await Eventually.TrueAsync(() => !hasBegun || _cluster.Ran().Contains(call.JobId), "the script has begun");
        await _cluster.SendAsync(new("PUT", $"/acme/job/{call.JobId}/cancel") { Token = UserToken });
        return call;
    }

    private Task<Exchange> GetAsync(string path, string? token = UserToken) => _cluster.SendAsync(new("GET", path) { Token = token });

    private Task<Exchange> CallAsync(string task, string arguments, string query = "", string? key = null, string? prefer = null) =>
        _cluster.SendAsync(new("POST", $"/acme/task/{_ids[task]}/job{query}") { Token = UserToken, Key = key, Prefer = prefer, Body = arguments });

    private static string RecipeOf(string name)
    {
        var (task, script) = name switch
        {
            "greet" => (
                """
                {
                  "description": "Greets in the language of its environment.",
                  "acl": ["uma@acme.example", "team:ops"],
                  "env": { "GREETING": "Grüß Gott" },
                  "cancellable": false,
                  "default_state_evaluation": "success",
                  "task_arguments": [
                    { "order": 0, "type": "input", "label": "name" },
                    { "order": 1, "type": "fixed", "label": "mark", "value": "!" }
                  ]
                }
                """,
                """
                echo "$1 is greeted"
                printf '["%s, %s%s"]\n' "$GREETING" "$1" "$2"
                """),
            "say" => (
                """{ "task_arguments": [{ "order": 0, "type": "input", "label": "line" }] }""",
                """
                printf '%s\n' "$1"
                """),
            "echo" => (
                """{ "type": "dummy", "task_arguments": [{ "order": 0, "type": "input" }, { "order": 1, "type": "input" }] }""",
                ""),
            _ => (
                """{ "task_arguments": [{ "order": 0, "type": "input", "label": "seconds" }] }""",
                """
                [ "$1" = 0 ] || sleep "$1"
                printf '["waited"]\n'
                """),
        };
        var recipe = JsonNode.Parse($$"""{ "task": {{task}}, "file": { "filename": "{{name}}.sh", "mimetype": "text/x-sh" } }""")!;
        recipe["task"]!["name"] = name;
        recipe["task"]!["type"] ??= "script";
        recipe["task"]!["script_runas"] = "sh %script%";
        recipe["task"]!["multitasking"] = name != "serial";
        recipe["file"]!["data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes($"""
            echo "$THEEYE_JOB" >> "$TMPDIR/ran"
            {script}

            """));
        return recipe.ToJsonString();
    }

    /// <summary>The version that is recorded, on an empty Redis.</summary>
    private sealed class EmptyCluster : Version01Cluster
    {
        private protected override IReadOnlyList<string> SiloProgram => RecordingFactAttribute.SiloProgram;

        private protected override IReadOnlyList<string> GatewayProgram => RecordingFactAttribute.GatewayProgram;

        private protected override Task PrepareAsync()
        {
            Directory.CreateDirectory(DemoTasks);
            return File.WriteAllTextAsync(Path.Combine(DemoTasks, "say.json"), RecipeOf("say"));
        }
    }
}
