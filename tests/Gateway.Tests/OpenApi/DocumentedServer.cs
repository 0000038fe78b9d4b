using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Hosting;

namespace SyncCluster.Gateway.Tests.OpenApi;

/// <summary>The demonstration, which is what the document's examples are for, with waits that end soon.</summary>
public sealed class DocumentedServer : TestServer
{
    private static readonly string[] KnownHeaders =
    [
        "Job-Id", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "WWW-Authenticate", "Allow", "Preference-Applied", "Accept-Encoding",
        "Next-Cursor",
    ];

    private const string OperatorToken = "operator-token";

    protected override bool HasUsers => false;

    protected override string[] Settings =>
    [
        "--Waiting:Maximum=00:00:08",
        "--LocalExecutor:Concurrency=256",
        "--LocalExecutor:DrainTime=00:00:00.100",
        "--LocalExecutor:KillGrace=00:00:00.100",
        $"--Storage:Path={Folder}/data",
        "--Storage:Synchronous=false",
        $"--Operator:TokenSha256={Convert.ToHexStringLower(Secret.Hash(OperatorToken))}",
    ];

    internal async Task<ApiDocument> DocumentAsync() =>
        new(JsonNode.Parse(await Http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative)))!);

    /// <summary>Sends what the document says, with other values for parameters where they are given.</summary>
    internal async Task<Exchange> SendAsync(ApiDocument document, Operation operation, Values values)
    {
        var path = operation.Path;
        var query = values.Query;
        foreach (var (key, parameter) in document.Parameters(operation))
        {
            var name = parameter["name"]!.GetValue<string>();
            var value = values.Of(name) ?? parameter["example"]?.GetValue<string>() ?? "";
            if (parameter["in"]!.GetValue<string>() == "path")
            {
                path = path.Replace($"{{{name}}}", value, StringComparison.Ordinal);
            }
            else if (parameter["required"]?.GetValue<bool>() == true)
            {
                query += $"&{name}={value}";
            }
        }

        using var request = new HttpRequestMessage(new HttpMethod(operation.Method), $"{path}?{query.TrimStart('&')}") { Content = values.Content };
        var security = operation.Json["security"]!.AsArray();
        var right = security is [JsonObject first, ..] && first.ContainsKey("operator") ? OperatorToken : Demo.AdminToken;
        if (security.Count > 0 && (values.Token ?? right) is { Length: > 0 } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        request.Headers.ExpectContinue = values.Content?.Headers.ContentLength > 1 << 20;
        request.Headers.Host = values.Host;
        if (values.Origin is not null)
        {
            request.Headers.Add("Origin", values.Origin);
        }

        foreach (var (name, value) in values.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await Http.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();
        var headers = response.Headers.Concat(response.Content.Headers).Where(header => KnownHeaders.Contains(header.Key))
            .ToDictionary(header => header.Key, header => string.Join(", ", header.Value));
        return new(operation, (int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, headers, body);
    }

    /// <summary>Imports a sample again, changed: its document, with its secret.</summary>
    internal async Task<JsonNode> CopyAsync(ApiDocument document, string task, Action<JsonNode>? change = null)
    {
        var recipe = (await SendAsync(document, document["ExportTask"], new() { Task = task })).Json!;
        change?.Invoke(recipe["task"]!);
        return await ImportRecipeAsync(DemoMode.Customer, Demo.AdminToken, recipe.ToJsonString());
    }

    /// <summary>Starts a job that runs for a minute.</summary>
    internal async Task<Exchange> StartAsync(ApiDocument document, string task)
    {
        var started = await SendAsync(
            document, document["RunTask"], new() { Task = task, Headers = [("Prefer", "wait=0")], Content = Values.Json(Values.Minute) });
        await UntilAsync(
            async () => (await SendAsync(document, document["GetLifecycle"], new() { Job = started.JobId })).Body == "\"assigned\"",
            "the script runs");
        return started;
    }
}

/// <summary>What a request has in place of the document's examples.</summary>
internal sealed record Values
{
    public const string Minute = """[60,"done"]""";

    public string? Customer { get; init; }

    public string? Task { get; init; }

    public string? Job { get; init; }

    public string? Secret { get; init; }

    /// <summary>Null: the administrator's; empty: none.</summary>
    public string? Token { get; init; }

    public string? Host { get; init; }

    public string? Origin { get; init; }

    public string Query { get; init; } = "";

    public (string Name, string Value)[] Headers { get; init; } = [];

    public HttpContent? Content { get; init; }

    public string? Of(string parameter) => parameter switch
    {
        "customer" => Customer,
        "task" => Task,
        "job" => Job,
        "secret" or "jobSecret" => Secret,
        _ => null,
    };

    public static StringContent Json(string json) => Text(json, "application/json");

    public static StringContent Text(string text, string type) => new(text, Encoding.UTF8, type);
}

/// <summary>What was asked and answered.</summary>
internal sealed record Exchange(Operation Operation, int Status, string? Type, Dictionary<string, string> Headers, string Body)
{
    /// <summary>The body; as a string where it is no JSON.</summary>
    public JsonNode? Json => Body.Length == 0 ? null
        : Type!.EndsWith("json", StringComparison.Ordinal) ? JsonNode.Parse(Body)
        : JsonValue.Create(Body);

    public string JobId => Headers["Job-Id"];

    /// <summary>What of the answer is not as the document says.</summary>
    public IEnumerable<string> Faults(ApiDocument document)
    {
        var key = Operation.Responses.ContainsKey($"{Status}") ? $"{Status}" : "default";
        if (Operation.Responses[key] is not { } response)
        {
            return [$"{Operation}: {Status} is not documented: {Body}"];
        }

        var content = response["content"]?.AsObject() ?? [];
        var described = response["headers"]?.AsObject() ?? [];
        string[] types =
        [
            .. Body.Length == 0 && content.Count > 0 ? ["it has no body"] : (string[])[],
            .. Body.Length > 0 && !content.ContainsKey(Type ?? "") ? [$"{Type} is not documented"] : (string[])[],
        ];
        return types
            .Concat(Headers.Keys.Where(name => !described.ContainsKey(name)).Select(name => $"{name} is not documented"))
            .Concat(described.Where(header => header.Value!["required"]?.GetValue<bool>() == true && !Headers.ContainsKey(header.Key))
                .Select(header => $"it has no {header.Key}"))
            .Concat(described.Where(header => Headers.ContainsKey(header.Key))
                .SelectMany(header => document.Faults(header.Value!["schema"]!, Headers[header.Key], header.Key)))
            .Concat(Type is not null && content[Type]?["schema"] is { } schema ? document.Faults(schema, Json) : [])
            .Select(fault => $"{Operation} {Status}: {fault}: {Body}");
    }
}
