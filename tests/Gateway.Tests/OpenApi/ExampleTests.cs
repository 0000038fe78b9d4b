using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;
using SyncCluster.Scripts;

namespace SyncCluster.Gateway.Tests.OpenApi;

/// <summary>The document's examples, sent to the server, and its answers held against the document.</summary>
public sealed partial class ExampleTests(DocumentedServer server) : IClassFixture<DocumentedServer>
{
    /// <summary>Answers of a server in trouble, which this one is not; other tests make some of them.</summary>
    private static readonly string[] NotProvoked =
    [
        "below-user", "call-too-large", "draining", "key-twice", "nested-too-deep", "no-operator-token", "no-room-for-backup", "no-service-token",
        "not-known", "nothing-kept", "over-limit", "over-stored", "queue-full", "record-lost", "runner-unreachable", "server-fault", "several-tasks",
        "still-stopping", "storage-full", "theeye-failed", "theeye-slow", "too-many-bodies", "too-many-calls", "too-many-failures",
        "too-many-unread", "too-many-waiters", "too-many-waiters-of-customer", "too-slow", "unavailable", "unhealthy", "unreachable", "unreadable",
        "unreadable-job", "waits-for-itself",
    ];

    private static readonly string[] Provoked =
    [
        "administrators-only", "arguments-do-not-fit", "bad-caller", "bad-cursor", "bad-include", "bad-json", "bad-page", "bad-polling",
        "bad-removal", "bad-sort", "bad-times", "bad-where", "below-admin", "corrupt", "has-ended", "has-not-ended", "json-as-form", "key-and-cancel",
        "key-malformed", "no-such-job", "no-such-parent", "no-such-task", "no-token", "not-cancellable", "not-on-job-list", "not-on-task-list",
        "not-operator", "nothing-to-resume", "other-arguments", "other-coding", "other-customer", "other-host", "other-machine", "other-origin",
        "other-page", "other-type", "recipe-bad-json", "recipe-no-object", "recipe-other-type", "recipe-unusable", "recipe-workflow", "removed",
        "removed-too-early", "removed-unfinished", "resume-at-events", "row-ended", "token-twice", "too-few-arguments", "too-large",
        "too-large-for-its-token", "too-long-arguments", "unknown-token", "wait-ended", "was-canceled", "wrong-secret",
    ];

    // Shared, since each takes a script.
    private readonly ConcurrentDictionary<string, Task<Exchange>> _running = new();
    private Task<Values>? _ended;

    [Fact]
    public async Task Every_example_request_gets_the_answer_that_is_documented()
    {
        var document = await server.DocumentAsync();
        var requests = document.Operations.SelectMany(operation => RequestsOf(document, operation).Select(content => (operation, content)));
        await ForEachAsync(requests, async request =>
        {
            var (operation, content) = request;
            var exchange = await server.SendAsync(document, operation, await ValuesAsync(document, operation) with { Content = content });
            return [.. exchange.Faults(document), .. When(exchange.Status != operation.Success, $"{operation}: {exchange.Status} {exchange.Body}")];
        });
    }

    [Fact]
    public async Task Every_example_answer_is_what_the_server_says()
    {
        var document = await server.DocumentAsync();
        await ForEachAsync(ExamplesOf(document, "application/json").Where(IsProvoked), async shown =>
        {
            var (operation, status, name, example) = shown;

            // Its job's secret is told only when a wait ends; its answers are those of the others.
            var needsNode = name.StartsWith("parse", StringComparison.Ordinal);
            if (operation.Id is "GetResultWithSecret" or "PollResultWithSecret" || (needsNode && NodeFactAttribute.SkipReason is not null))
            {
                return [];
            }

            var exchange = await AskForAsync(document, operation, name);
            var said = Masked(name switch
            {
                "tasks" => new JsonArray(exchange.Json!.AsArray().Single(task => task!["id"]!.GetValue<string>() == "echo")!.DeepClone()),
                "counts" => new JsonArray(exchange.Json!.AsArray().Single(task => task!["_id"]!["task"]!.GetValue<string>() == "slow")!.DeepClone()),
                _ => exchange.Json!,
            });
            return
            [
                .. exchange.Faults(document),
                .. When(status != "default" && status != $"{exchange.Status}", $"{operation} {name}: {exchange.Status}"),
                .. When(said != Masked(example), $"{operation} {name}: {said} and not {Masked(example)}"),
            ];
        });
    }

    [Fact]
    public async Task Every_documented_refusal_is_what_the_server_says()
    {
        var document = await server.DocumentAsync();
        await ForEachAsync(ExamplesOf(document, "application/problem+json").Where(IsProvoked), async shown =>
        {
            var (operation, status, name, example) = shown;
            var exchange = await server.SendAsync(document, operation, await ProvokeAsync(document, operation, name));
            return
            [
                .. exchange.Faults(document),
                .. When(status != $"{exchange.Status}", $"{operation} {name}: {exchange.Status}"),
                .. When(
                    exchange.Json is null || Masked(exchange.Json) != Masked(example),
                    $"{operation} {name}: {exchange.Body} and not {example.ToJsonString()}"),
            ];
        });
    }

    /// <summary>The other way round: what is provoked at any route, documented there or not, is answered with something that is.</summary>
    [Fact]
    public async Task No_refusal_is_answered_that_is_not_documented()
    {
        var document = await server.DocumentAsync();
        var examples = ExamplesOf(document, "application/problem+json").ToLookup(shown => shown.Operation.Id, shown => Masked(shown.Example));
        var attempts = document.Operations.SelectMany(operation => Provoked.Select(refusal => (operation, refusal)));
        await ForEachAsync(attempts, async attempt =>
        {
            var (operation, refusal) = attempt;
            var values = await ProvokeAsync(document, operation, refusal);
            var exchange = await server.SendAsync(document, operation, operation.Json["requestBody"] is null ? values with { Content = null } : values);
            return
            [
                .. exchange.Faults(document),
                .. When(
                    exchange.Type == "application/problem+json" && !examples[operation.Id].Contains(Masked(exchange.Json!)),
                    $"{operation} {refusal}: {exchange.Body} is none of its examples"),
            ];
        });
    }

    [Fact]
    public async Task A_credential_that_is_too_low_is_refused_as_documented()
    {
        var document = await server.DocumentAsync();
        var users = new TestServer();
        await users.InitializeAsync();
        foreach (var (operation, _, _, example) in ExamplesOf(document, "application/problem+json").Where(shown => shown.Name == "below-user"))
        {
            var path = operation.Path.Replace("{customer}", "acme", StringComparison.Ordinal).Replace("{task}", "x", StringComparison.Ordinal);
            using var response = await users.SendAsync(new HttpMethod(operation.Method), path, TestServer.Viewer);
            Assert.Equal(example.ToJsonString(), JsonNode.Parse(await response.Content.ReadAsStringAsync())!.ToJsonString());
        }

        await users.DisposeAsync();
    }

    [Fact]
    public async Task A_wrong_method_is_refused_as_documented()
    {
        var document = await server.DocumentAsync();
        var described = document.Root["components"]!["responses"]!["MethodNotAllowed"]!;
        foreach (var path in document.Operations.GroupBy(operation => operation.Path))
        {
            using var response = await server.SendAsync(HttpMethod.Patch, path.Key.Replace("{customer}", "demo", StringComparison.Ordinal));
            var body = JsonNode.Parse(await response.Content.ReadAsStringAsync());
            Assert.Equal(405, (int)response.StatusCode);
            Assert.Empty(path.Select(operation => operation.Method).Except(response.Content.Headers.Allow));
            Assert.Empty(document.Faults(described["content"]!["application/problem+json"]!["schema"]!, body));
        }
    }

    private static bool IsProvoked((Operation Operation, string Status, string Name, JsonNode Example) shown) => !NotProvoked.Contains(shown.Name);

    private static async Task ForEachAsync<T>(IEnumerable<T> items, Func<T, Task<string[]>> faults)
    {
        var found = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(items, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (item, _) =>
        {
            foreach (var fault in await faults(item))
            {
                found.Add(fault);
            }
        });
        Assert.True(found.IsEmpty, string.Join('\n', found));
    }

    private static string[] When(bool wrong, string fault) => wrong ? [fault] : [];

    /// <summary>The bodies of its examples, or one request without a body.</summary>
    private static IEnumerable<HttpContent?> RequestsOf(ApiDocument document, Operation operation) => operation.Json["requestBody"] is { } body
        ? from content in document.Resolve(body).Node["content"]!.AsObject()
          from example in content.Value!["examples"]!.AsObject()
          select Body(content.Key, example.Value!["value"]!)
        : [null];

    private static HttpContent Body(string type, JsonNode value) => type == "application/json"
        ? Values.Json(value.ToJsonString())
        : new FormUrlEncodedContent(
            from field in value.AsObject()
            from element in field.Value!.AsArray()
            select KeyValuePair.Create(field.Key, element!.GetValue<string>()));

    private static IEnumerable<(Operation Operation, string Status, string Name, JsonNode Example)> ExamplesOf(ApiDocument document, string type) =>
        from operation in document.Operations
        from response in operation.Responses
        from example in response.Value!["content"]?[type]?["examples"]?.AsObject() ?? []
        select (operation, response.Key, example.Key, document.Resolve(example.Value!).Node["value"]!);

    /// <summary>Values that lead to a success.</summary>
    private async Task<Values> ValuesAsync(ApiDocument document, Operation operation)
    {
        switch (operation.Id)
        {
            case "RunTaskWithSecret" or "RunTaskByQueryWithSecret" or "CreateJobWithSecret":
                return Of(await server.CopyAsync(document, "hello"));
            case "PollResult" or "PollResultByPost":
                return new() { Job = (await RunAsync(document, "hello")).JobId, Query = "output" };
            case "PollResultWithSecret":
                return await (_ended ??= EndWithSecretAsync(document)) with { Query = "output" };
            case "GetResult" or "GetJob" or "GetLifecycle" or "FollowJob" or "RestartJob" or "GetInput":
                return new() { Job = (await RunAsync(document, "hello")).JobId };
            case "RemoveJob":
                var job = (await RunAsync(document, "hello")).JobId;
                await server.AgeJobAsync(DemoMode.Customer, job);
                return new() { Job = job };
            case "CancelJob" or "CancelJobOfToken":
                // Not the same one: the other would cancel a job that has ended.
                return new() { Job = await RunningAsync(document, operation.Id) };
            case "GetResultWithSecret" or "FollowJobWithSecret":
                return await (_ended ??= EndWithSecretAsync(document));
            case "DeleteTask" or "UpdateTask" or "RenewTaskSecret":
                return Of(await server.CopyAsync(document, "hello"));
            default:
                return new();
        }
    }

    private static Values Of(JsonNode task) => new() { Task = task["id"]!.GetValue<string>(), Secret = task["secret"]!.GetValue<string>() };

    private Task<Exchange> RunAsync(ApiDocument document, string task, string arguments = """["world"]""") =>
        server.SendAsync(document, document["RunTask"], new() { Task = task, Token = DemoMode.UserToken, Content = Values.Json(arguments) });

    /// <summary>Starts a job by its task's secret: its id and its own secret.</summary>
    private async Task<Values> StartWithSecretAsync(ApiDocument document, string arguments)
    {
        var values = Of(await server.CopyAsync(document, "slow"));
        var started = await server.SendAsync(
            document, document["RunTaskWithSecret"], values with { Headers = [("Prefer", "wait=0")], Content = Values.Json(arguments) });
        return new() { Job = started.JobId, Secret = started.Headers["Location"].Split('/')[4] };
    }

    /// <summary>The same of a job that has ended since.</summary>
    private async Task<Values> EndWithSecretAsync(ApiDocument document)
    {
        var job = await StartWithSecretAsync(document, """[1,"done"]""");
        await Eventually.TrueAsync(
            async () => (await server.SendAsync(document, document["GetLifecycle"], job)).Body.Contains("finished", StringComparison.Ordinal),
            "the job has ended");
        return job;
    }

    /// <summary>The answer that an example shows.</summary>
    private async Task<Exchange> AskForAsync(ApiDocument document, Operation operation, string example)
    {
        var (task, arguments) = example switch
        {
            "parse" => ("teapot", "[100]"),
            "parse-status" => ("teapot", "[200]"),
            "failed" or "failed-parse" => ("fail", "[]"),
            "pending" => ("slow", Values.Minute),
            _ => ("hello", """["world"]"""),
        };
        var values = new Values
        {
            Query = example switch
            {
                "output" or "failed" when operation.Id.StartsWith("Poll", StringComparison.Ordinal) => "output",
                "result" or "full" => example,
                "parse" or "parse-status" or "failed-parse" => "parse",
                _ => "",
            },
            Headers = example == "pending" ? [("Prefer", "respond-async")] : [],
            Token = example == "imported" || operation.Id == "ExportTask" ? null : DemoMode.UserToken,
        };
        switch (operation.Id)
        {
            case "RunTask" or "CreateJob":
                return await server.SendAsync(document, operation, values with { Task = task, Content = Values.Json(arguments) });
            case "RunTaskWithSecret" or "RunTaskByQueryWithSecret" or "CreateJobWithSecret":
                var copy = Of(await server.CopyAsync(document, task));
                return await server.SendAsync(document, operation, copy with { Query = values.Query, Headers = values.Headers, Content = Values.Json(arguments) });
            case "GetInput":
                return await server.SendAsync(
                    document,
                    operation,
                    values with
                    {
                        Job = (await RunAsync(document, task, arguments)).JobId,
                        Query = example == "definitions" ? "include_definitions" : "",
                    });
            case "RestartJob":
                return await server.SendAsync(document, operation, values with { Job = (await RunAsync(document, task, arguments)).JobId });
            case "RemoveJobsOfTask" or "RemoveJobsOfCaller":
                return await server.SendAsync(document, operation, values with { Token = null });
            case "GetResult" or "GetJob" or "GetLifecycle" or "PollResult" or "PollResultByPost":
                return await server.SendAsync(document, operation, values with { Job = (await RunAsync(document, task, arguments)).JobId });
            case "ListJobs":
                await RunAsync(document, "hello");
                return await server.SendAsync(document, operation, values with { Query = "where[task_id]=hello&where[lifecycle]=finished&limit=1" });
            case "ListRunningJobs" or "CountRunningJobs":
                await server.SendAsync(
                    document,
                    document["RunTask"],
                    new() { Task = "slow", Content = Values.Json(Values.Minute), Headers = [("Prefer", "respond-async")] });
                return await server.SendAsync(document, operation, values with { Query = "where[task_id]=slow&limit=1" });
            case "UpdateTask":
                var plus = Of(await server.CopyAsync(document, "hello"));
                return await server.SendAsync(document, operation, plus with { Content = RequestsOf(document, operation).First() });
            case "RenewTaskSecret":
                var import = document["ImportTask"];
                var imported = await server.SendAsync(document, import, new() { Content = RequestsOf(document, import).First() });
                return await server.SendAsync(document, operation, Of(imported.Json!));
            case "ImportTask":
                return await server.SendAsync(document, operation, values with { Content = RequestsOf(document, operation).First() });
            default:
                return await server.SendAsync(document, operation, values);
        }
    }

    private async Task<string?> CanceledAsync(ApiDocument document)
    {
        var job = (await server.StartAsync(document, "slow")).JobId;
        await server.SendAsync(document, document["CancelJob"], new() { Job = job });
        return job;
    }

    /// <summary>A request that is refused for the reason that an example names.</summary>
    private async Task<Values> ProvokeAsync(ApiDocument document, Operation operation, string refusal)
    {
        var values = await ValuesAsync(document, operation) with { Content = RequestsOf(document, operation).First() };
        return refusal switch
        {
            "token-twice" => values with { Query = "access_token=x" },
            "no-token" => values with { Token = "" },
            "unknown-token" or "not-operator" => values with { Token = "x" },
            "other-customer" when operation.Path.StartsWith("/{customer}/", StringComparison.Ordinal) => values with { Customer = "globex" },
            "other-customer" => values with { Query = "customer=globex" },
            "bad-where" => values with { Query = "where[state][$ne]=success" },
            "bad-sort" => values with { Query = "sort[name]=1" },
            "bad-include" => values with { Query = "include[name]=yes" },
            "bad-times" => values with { Query = "since=yesterday" },
            "bad-page" => values with { Query = "limit=0" },
            "bad-cursor" => values with { Query = "cursor=x" },
            "bad-polling" => values with { Query = "counter=x" },
            "below-admin" => values with { Token = DemoMode.UserToken },
            "other-host" => values with { Host = "elsewhere.example" },
            "other-machine" => values with { Headers = [("X-Forwarded-For", "203.0.113.7")] },
            "other-origin" => values with { Origin = "http://localhost:1" },
            "other-page" => values with { Origin = "https://elsewhere.example" },
            "no-such-task" when operation.Id == "RestartJob" => values with { Job = await RunOfLostTaskAsync(document) },
            "not-on-task-list" when operation.Id == "RestartJob" => values with
            {
                Job = await RunThenChangeAsync(document, task => task["acl"] = new JsonArray("nobody@example.com")),
                Token = DemoMode.UserToken,
            },
            "arguments-do-not-fit" when operation.Id == "RestartJob" => values with { Job = await RunThenChangeAsync(document, AskStrictly) },
            "bad-removal" => values with { Query = "lifecycle[]=assigned" },
            "bad-caller" => values with { Query = "caller=" },
            "has-not-ended" or "removed-unfinished" => values with { Job = (await server.StartAsync(document, "slow")).JobId },
            "removed-too-early" => values with { Job = (await RunAsync(document, "hello")).JobId },
            "no-such-task" => values with { Task = "nope" },
            "no-such-job" => values with { Job = "0123456789abcdef01234567" },
            "nothing-to-resume" or "resume-at-events" => values with { Headers = [("Last-Event-ID", "0123456789abcdef01234567.assigned.0")] },
            "wrong-secret" => values with { Secret = new string('x', 43) },
            "not-on-task-list" => values with { Task = Of(await CopyForNobodyAsync(document)).Task, Token = DemoMode.UserToken },
            "not-on-job-list" => values with { Job = (await RunAsAdminAsync(document, await CopyForNobodyAsync(document))).JobId, Token = DemoMode.UserToken },
            "administrators-only" => values with
            {
                Job = (await server.StartAsync(document, Of(await server.CopyAsync(document, "slow", task => task["cancellable"] = false)).Task!)).JobId,
                Token = DemoMode.UserToken,
            },
            "key-malformed" => values with { Headers = [("Idempotency-Key", "a key")] },
            "no-such-parent" => values with { Headers = [("Parent-Job", "x")] },
            "key-and-cancel" => values with { Headers = [("Idempotency-Key", "a")], Query = "cancel_on_disconnect" },
            "not-cancellable" => Of(await server.CopyAsync(document, "hello", task => task["cancellable"] = false)) with
            {
                Job = values.Job,
                Content = values.Content,
                Token = DemoMode.UserToken,
                Query = "cancel_on_disconnect",
            },
            "other-arguments" => await RepeatAsync(document, operation, values),
            "removed" => await RemovedAsync(document, operation, values),
            "arguments-do-not-fit" => Of(await server.CopyAsync(document, "hello", AskStrictly)) with
            {
                Job = values.Job,
                Content = Values.Json("""["perhaps"]"""),
            },
            "was-canceled" when operation.Id == "RestartJob" => values,
            "was-canceled" => values with { Job = await CanceledAsync(document) },
            "has-ended" => values with { Job = (await RunAsync(document, "hello")).JobId },
            "too-long-arguments" => Of(await server.CopyAsync(document, "hello")) with
            {
                Job = values.Job,
                Content = Values.Json($"[\"{new string('x', ArgumentLimits.OfThisMachine.Each)}\"]"),
            },
            "too-large" => values with { Content = Values.Json(new string(' ', 9 << 20)) },
            "too-large-for-its-token" => values with { Token = "", Content = Values.Json(new string(' ', 2 << 20)) },
            "bad-json" => values with { Content = Values.Json("""{"task_arguments":[1,""") },
            "json-as-form" => values with { Content = Values.Text("[1]", "application/x-www-form-urlencoded") },
            "other-coding" => values with { Content = Encoded("compress") },
            "corrupt" => values with { Content = Encoded("gzip") },
            "too-few-arguments" => values with { Content = Values.Json("[]") },
            "other-type" or "recipe-other-type" => values with { Content = Values.Text("1", "text/plain") },
            "recipe-bad-json" => values with { Content = Values.Json("{") },
            "recipe-no-object" => values with { Content = Values.Json("[]") },
            "recipe-workflow" => values with { Content = Values.Json("""{"task":{"type":"workflow"}}""") },
            "recipe-unusable" => values with { Content = Values.Json("{}") },
            "wait-ended" => await WaitTooLongAsync(document, operation) with { Headers = [("Prefer", "wait=1")] },
            "row-ended" when operation.Id == "GetResultWithSecret" => await WaitTooLongAsync(document, operation) with { Query = "timeout=10" },
            "row-ended" => await WaitTooLongAsync(document, operation),
            _ => throw new NotSupportedException($"How {refusal} is provoked is not known."),
        };
    }

    private static void AskStrictly(JsonNode task)
    {
        task["arguments"] = "strict";
        task["task_arguments"] = JsonNode.Parse("""[{"order":0,"type":"select","label":"answer","options":[{"id":"yes"},{"id":"no"}]}]""");
    }

    private async Task<string> RunOfLostTaskAsync(ApiDocument document)
    {
        var task = await server.CopyAsync(document, "hello");
        var job = (await RunAsync(document, Of(task).Task!)).JobId;
        await server.SendAsync(document, document["DeleteTask"], new() { Task = Of(task).Task });
        return job;
    }

    /// <summary>The ended job of a task that was changed since.</summary>
    private async Task<string> RunThenChangeAsync(ApiDocument document, Action<JsonNode> change)
    {
        var task = Of(await server.CopyAsync(document, "hello")).Task!;
        var job = (await RunAsync(document, task)).JobId;
        var recipe = (await server.SendAsync(document, document["ExportTask"], new() { Task = "hello" })).Json!;
        change(recipe["task"]!);
        await server.SendAsync(document, document["UpdateTask"], new() { Task = task, Content = Values.Json(recipe.ToJsonString()) });
        return job;
    }

    /// <summary>JSON that says to be coded otherwise.</summary>
    private static StringContent Encoded(string coding)
    {
        var content = Values.Json("[]");
        content.Headers.ContentEncoding.Add(coding);
        return content;
    }

    /// <summary>The repeat of a call, with other arguments.</summary>
    private async Task<Values> RepeatAsync(ApiDocument document, Operation operation, Values values)
    {
        var keyed = values with { Headers = [("Idempotency-Key", Guid.NewGuid().ToString())] };
        if (operation.Id.StartsWith("RunTask", StringComparison.Ordinal) || operation.Id.StartsWith("CreateJob", StringComparison.Ordinal)
            || operation.Id == "RestartJob")
        {
            await server.SendAsync(document, operation, keyed with { Content = Values.Json("""["somebody"]""") });
        }

        return keyed;
    }

    /// <summary>A request for a job that was removed, or the repeat of its call.</summary>
    private async Task<Values> RemovedAsync(ApiDocument document, Operation operation, Values values)
    {
        (string, string)[] headers = [("Idempotency-Key", Guid.NewGuid().ToString()), ("Prefer", "respond-async")];
        var isCall = operation.Id.StartsWith("RunTask", StringComparison.Ordinal) || operation.Id.StartsWith("CreateJob", StringComparison.Ordinal);
        var isBySecret = operation.Id.EndsWith("WithSecret", StringComparison.Ordinal);
        var task = isBySecret ? Of(await server.CopyAsync(document, "hello")) : new Values { Task = "hello" };
        var call = isCall ? operation : document[isBySecret ? "RunTaskWithSecret" : "RunTask"];
        var called = await server.SendAsync(document, call, task with { Headers = headers, Content = Values.Json("""["world"]""") });
        await server.RemoveJobAsync(DemoMode.Customer, called.JobId!);
        return isCall ? task with { Headers = headers, Content = Values.Json("""["world"]""") }
            : isBySecret ? values with { Job = called.JobId, Secret = called.Headers["Location"].Split('/')[4] }
            : values with { Job = called.JobId };
    }

    private async Task<Values> WaitTooLongAsync(ApiDocument document, Operation operation) => operation.Id switch
    {
        "RunTask" => new() { Task = "slow", Content = Values.Json(Values.Minute) },
        "RunTaskWithSecret" or "RunTaskByQueryWithSecret" => Of(await server.CopyAsync(document, "slow")) with { Content = Values.Json(Values.Minute) },
        "GetResultWithSecret" or "PollResultWithSecret" => await StartWithSecretAsync(document, Values.Minute),
        _ => await ValuesAsync(document, operation) with { Job = await RunningAsync(document, "to wait for") },
    };

    /// <summary>A job that runs for a minute.</summary>
    private async Task<string?> RunningAsync(ApiDocument document, string use) =>
        (await _running.GetOrAdd(use, _ => server.StartAsync(document, "slow"))).JobId;

    private Task<JsonNode> CopyForNobodyAsync(ApiDocument document) =>
        server.CopyAsync(document, "hello", task => task["acl"] = new JsonArray("nobody@example.com"));

    private Task<Exchange> RunAsAdminAsync(ApiDocument document, JsonNode task) =>
        server.SendAsync(document, document["RunTask"], new() { Task = Of(task).Task, Content = Values.Json("""["world"]""") });

    /// <summary>Without what is another one each time, or for another caller or a copy of the task.</summary>
    private static string Masked(JsonNode json) => Changing().Replace(json.ToJsonString(), "~");

    [GeneratedRegex(
        """
        (?<=")([0-9a-f]{24} | [A-Za-z0-9_-]{43} | \d+\.\d+\.\d+ | \d{4}-\d\d-\d\dT[\d:.]+Z)(?=")
        | (?<="(seconds|nanoseconds|uptime|waiting|count)":)[\d.]+ | (?<="lifecycle":")(ready|assigned) | (?<="user":)\{[^}]*\}
        | (?<="task_id":")[^"]* | (?<=byte\ )\d+ | (?<=from\ )[\dTZ:-]+(?=\ on)
        """,
        RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Changing();
}
