using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Jobs;
using SyncCluster.Json;
using SyncCluster.Tasks;
using SyncCluster.WebConsole;
using SyncCluster.WebConsole.Pages;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>A job's page, and what its script asks for.</summary>
internal static class JobPages
{
    /// <summary>How much of an answer, or of an argument, a page shows.</summary>
    private const int ShownLength = 64 * 1024;

    public static void Map(RouteGroupBuilder console)
    {
        console.MapGet("jobs/{job}", ShowAsync).IsPage(Credential.Viewer);
        console.MapGet(
                "api/jobs/{job}/events",
                (HttpContext http, string job, JobAttachHandler handler) => handler.AttachAsync(http, http.GetCaller().Caller.Customer, job, isStreamed: true))
            .IsForScripts(Credential.Viewer, AuditedRoutes.Read);
        console.MapPost(
                "api/jobs/{job}/cancel",
                (HttpContext http, string job, JobCancelHandler handler) => handler.CancelAsync(http, http.GetCaller().Caller.Customer, job))
            .IsForScripts(Credential.Viewer, AuditedRoutes.Cancel);
        console.MapPost("api/jobs/{job}/again", RunAgainAsync).IsForScripts(Credential.User, AuditedRoutes.Run);
    }

    private static async Task<IResult> ShowAsync(HttpContext http, string job, ITaskBackend backend, TaskLabels labels, WaiterHub hub)
    {
        var caller = http.GetCaller();
        if (!(await ReadAsync(http, job, backend)).TryGet(out var read, out var problem))
        {
            return problem;
        }

        var (view, document) = read;
        using (document)
        {
            var json = document.RootElement;
            var arguments = await labels.OfAsync(caller.Caller.Customer, json.TextOf("task_id"));
            var state = json.TextOf("state");

            // The addresses of silos are for those who may see the cluster.
            var run = caller.Caller.Credential >= Credential.Admin ? view.Run : null;
            return http.Page<JobPage>(StatusCodes.Status200OK, (nameof(JobPage.Job), new ShownJob
            {
                Id = job,
                TaskId = json.TextOf("task_id"),
                TaskName = json.TextOf("name"),
                Lifecycle = view.Lifecycle,
                State = state,
                HasEnded = view.HasEnded,
                MayCancel = !view.IsForAdministrators || caller.Caller.Credential >= Credential.Admin,
                User = JsonText.TryGetMember(json, "user", out var user) ? user.TextOf("username") : "",
                Address = view.CallerAddress,
                Arguments = [.. ArgumentsOf(json, arguments)],
                CalledAt = json.TimeOf("creation_date"),
                ChangedAt = json.TimeOf("last_update"),
                RunTime = view.Lifecycle == Lifecycle.Canceled.WireName() ? null : RunTimeOf(json),
                RestartedFrom = json.TextOf("restarted_from") is { Length: > 0 } restarted ? restarted : null,
                Waiting = view.HasEnded ? null : WaitingOf(hub.WaitersOf(JobKey.Of(caller.Caller.Customer, job)), view.Gateways),
                Silo = run?.Silo.Endpoint.ToString(),
                Run = run?.Id.ToString(),
                Exit = view.HasEnded ? ExitOf(json, state) : null,
                Answer = view.HasEnded ? AnswerOf(view.Document, state, http.Request.Query["show"].ToString()) : null,
            }));
        }
    }

    /// <summary>Who waits for a job.</summary>
    /// <param name="here">How many requests do at this gateway.</param>
    /// <param name="gateways">How many gateways wait for it; null if that is not known.</param>
    private static string WaitingOf(int here, int? gateways)
    {
        var others = Math.Max(0, (gateways ?? 0) - (here > 0 ? 1 : 0));
        var format = CultureInfo.InvariantCulture;
        return (here, others) switch
        {
            (0, 0) => gateways is null ? "nobody at this gateway" : "nobody",
            (0, _) => string.Create(format, $"requests or pages at {others} other {(others == 1 ? "gateway" : "gateways")}"),
            _ => string.Create(format, $"{here} {(here == 1 ? "request or page" : "requests or pages")}")
                + (others > 0 ? string.Create(format, $", and some at {others} other {(others == 1 ? "gateway" : "gateways")}") : gateways is null ? " at this gateway" : ""),
        };
    }

    /// <summary>
    /// Runs the job's task with the arguments of the body, or without a body with the job's own: the same call as that of any client, and the new job names
    /// this one.
    /// </summary>
    private static async Task<IResult> RunAgainAsync(HttpContext http, string job, ITaskBackend backend, SyncCallHandler handler)
    {
        var caller = http.GetCaller();
        var customer = caller.Caller.Customer;
        if (!JobId.IsValid(job))
        {
            return Problems.NoSuchJob;
        }

        if (!(await backend.ReadAsync(new(customer, job, caller), http.RequestAborted)).TryGet(out var view, out var problem))
        {
            return problem;
        }

        if (JobDocumentReader.Find(view.Document) is not { TaskId: { } task } document)
        {
            return Problems.UnreadableDocument(job, JobLinks.Result(customer, job));
        }

        http.Features.Set(new AuditedTask(task));
        if (http.Features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>().CanHaveBody)
        {
            return await handler.RunAsync(http, customer, task, new JobRestart(job, BoundArguments: null));
        }

        // The call's handler takes this for the body.
        ReadOnlyMemory<byte> arguments = document.Arguments is { Span: [(byte)'[', ..] } bound ? bound : "[]"u8.ToArray();
        http.Features.Set(new CallPayload(arguments, AccessToken: null));
        return await handler.RunAsync(http, customer, task, new JobRestart(job, arguments.ToArray()));
    }

    /// <summary>Reads a job that the caller may see. Its document is to be disposed.</summary>
    private static async Task<Result<(JobView View, JsonDocument Document)>> ReadAsync(HttpContext http, string job, ITaskBackend backend)
    {
        var caller = http.GetCaller();
        if (!JobId.IsValid(job))
        {
            return Problems.NoSuchJob;
        }

        if (!(await backend.ReadAsync(new(caller.Caller.Customer, job, caller), http.RequestAborted)).TryGet(out var view, out var problem))
        {
            return problem;
        }

        return JsonText.TryParse(view.Document, out var document, JobDocumentReader.ReaderOptions.MaxDepth)
            ? (view, document)
            : Problems.UnreadableDocument(job, JobLinks.Result(caller.Caller.Customer, job));
    }

    private static ShownAnswer? AnswerOf(ReadOnlyMemory<byte> document, string state, string flag)
    {
        var flags = flag switch
        {
            "parse" => AnswerFlags.Parse(0),
            "result" => AnswerFlags.Result,
            "full" => AnswerFlags.Full,
            _ => AnswerFlags.Output,
        };
        return JobAnswer.Shape(document, state == JobState.Success.WireName() ? JobState.Success : JobState.Failure, flags) is JobAnswer.Shaped answer
            ? new(
                flags.Shape == AnswerShape.Output ? "" : flag,
                answer.Status,
                ReasonPhrases.GetReasonPhrase(answer.Status),
                Indented(answer.Body) is var text && text.Length > ShownLength ? text[..ShownLength] : text,
                answer.Body.Length,
                text.Length > ShownLength)
            : null;
    }

    /// <summary>JSON as people read it; anything else as it is.</summary>
    private static string Indented(ReadOnlyMemory<byte> json)
    {
        if (!JsonText.TryParse(json, out var document, JobDocumentReader.ReaderOptions.MaxDepth))
        {
            return Encoding.UTF8.GetString(json.Span);
        }

        using (document)
        using (var text = new MemoryStream())
        {
            var maxDepth = JobDocumentReader.ReaderOptions.MaxDepth;
            using (var writer = new Utf8JsonWriter(text, new() { Indented = true, Encoder = JsonText.Encoder, MaxDepth = maxDepth, SkipValidation = true }))
            {
                document.RootElement.WriteTo(writer);
            }

            return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
        }
    }

    private static IEnumerable<(string Name, string Value)> ArgumentsOf(JsonElement json, IReadOnlyList<string> labels)
    {
        if (!JsonText.TryGetMember(json, "task_arguments_values", out var values) || values.ValueKind != JsonValueKind.Array)
        {
            yield break;
        }

        var position = 0;
        foreach (var value in values.EnumerateArray())
        {
            var text = value.ValueKind == JsonValueKind.Null ? "—" : JsonText.AsString(value) ?? value.GetRawText();
            yield return (
                position < labels.Count && labels[position].Length > 0 ? labels[position] : string.Create(CultureInfo.InvariantCulture, $"argument {position}"),
                text.Length > ShownLength ? $"{text[..ShownLength]}…" : text);
            position++;
        }
    }

    private static string? ExitOf(JsonElement json, string state)
    {
        if (!JsonText.TryGetMember(json, "result", out var result))
        {
            return null;
        }

        if (result.TextOf("signal") is { Length: > 0 } signal)
        {
            return $"by {signal}";
        }

        if (!JsonText.TryGetMember(result, "code", out var code) || code.ValueKind != JsonValueKind.Number)
        {
            return null;
        }

        // What a script prints last may say otherwise.
        var exitCode = code.GetRawText();
        var saidOtherwise = exitCode == "0" ? state == JobState.Failure.WireName() : state == JobState.Success.WireName();
        return $"exit code {exitCode}{(saidOtherwise ? ", but its last line decides" : "")}";
    }

    private static TimeSpan? RunTimeOf(JsonElement json) =>
        JsonText.TryGetMember(json, "result", out var result)
        && JsonText.TryGetMember(result, "times", out var times)
        && Number(times, "seconds") is { } seconds
        && Number(times, "nanoseconds") is { } nanoseconds
            ? TimeSpan.FromSeconds(seconds) + TimeSpan.FromTicks((long)(nanoseconds / TimeSpan.NanosecondsPerTick))
            : null;

    private static double? Number(JsonElement json, string name) =>
        JsonText.TryGetMember(json, name, out var member)
        && member.ValueKind == JsonValueKind.Number
        && member.TryGetDouble(out var number)
        && number is >= 0 and < 1e12
            ? number
            : null;
}
