using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using SyncCluster.Gateway.Http;
using SyncCluster.Jobs;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Api.Polling;

/// <summary>
/// An HTTP response that a task has made: the <c>response</c> member of its output. It is not trusted like the server's own pages, so a browser gets it in
/// a sandbox: without scripts and without an origin.
/// </summary>
/// <param name="JobId">The task's job.</param>
/// <param name="Status">200 to 599.</param>
/// <param name="ContentType">Its type, unless the task's headers name another.</param>
/// <param name="Body">Its body; empty for a status that has none.</param>
/// <param name="Headers">The headers of the task that are allowed.</param>
internal sealed record TaskResponse(string JobId, int Status, string ContentType, ReadOnlyMemory<byte> Body, IReadOnlyDictionary<string, string> Headers) : IResult
{
    private const string Text = "text/plain; charset=utf-8";
    private const string Json = "application/json; charset=utf-8";

    /// <summary>The job that has ended so. As long as its answer is sent, other requests for the job share it.</summary>
    public FinishedJob? Source { get; init; }

    /// <param name="jobId">The job.</param>
    /// <param name="status">The status, unless the response has one.</param>
    /// <param name="response">What the task calls its response: the body, or an object that has it.</param>
    public static TaskResponse Of(string jobId, int status, JsonElement response)
    {
        var body = JsonText.TryGetMember(response, "body", out var given) ? given : response;
        var own = PollingAnswer.StatusOf(response) ?? status;
        var isText = body.ValueKind == JsonValueKind.String;
        return new(
            jobId,
            own,
            isText ? Text : Json,
            !PollingAnswer.HasBody(own) ? default
                : isText ? Encoding.UTF8.GetBytes(JsonText.StringOf(body))
                : JsonMarshal.GetRawUtf8Value(body).ToArray(),
            JsonText.TryGetMember(response, "headers", out var headers) ? TaskHeaders.Of(headers) : TaskHeaders.None);
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = ContentType;
        foreach (var (name, value) in Headers)
        {
            response.Headers[name] = value;
        }

        response.Headers["Job-Id"] = JobId;
        response.Headers.ContentSecurityPolicy = "sandbox";
        if (!PollingAnswer.HasBody(Status))
        {
            response.ContentType = null;
            return;
        }

        response.ContentLength = Body.Length;
        await httpContext.RequestServices.GetRequiredService<PacedWriter>().WriteAsync(httpContext, Body);
    }
}
