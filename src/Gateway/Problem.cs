using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using SyncCluster.Gateway.Limits;
using SyncCluster.Json;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway;

/// <summary>
/// An answer that the server gives on its own account: RFC 9457 problem details with the original's <c>message</c>, <c>statusCode</c> and
/// <c>code</c> beside them for TheEye's clients. It writes itself, so that no configuration of the host can add a member.
/// </summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Message">What went wrong and what to do about it. Never a stack trace, a path or a connection string.</param>
/// <param name="Code">TheEye's error code, or empty.</param>
internal sealed record Problem(int Status, string Message, string Code = "") : IResult
{
    private static readonly JsonWriterOptions Minimal = new() { Encoder = JsonText.Encoder };

    /// <summary>The job that the problem is about, where one exists.</summary>
    public string? JobId { get; init; }

    /// <summary>How that job has ended, if that is the reason: its lifecycle, in TheEye's words.</summary>
    public string? Lifecycle { get; init; }

    /// <summary>How to go on with that job.</summary>
    public string? Location { get; init; }

    /// <summary>When a retry may succeed; sent as whole seconds, rounded up.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The limit that is used up, where that is why.</summary>
    public RateLimitHeaders? RateLimit { get; init; }

    /// <summary>The content codings that are understood, where that is why (RFC 9110, 15.5.16).</summary>
    public string? AcceptEncoding { get; init; }

    /// <summary>The values that are wrong, where that is why.</summary>
    public IReadOnlyList<ArgumentFault> Arguments { get; init; } = [];

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        if (JobId is not null)
        {
            response.Headers["Job-Id"] = JobId;
        }

        if (Location is not null)
        {
            response.Headers.Location = Location;
        }

        if (RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Seconds(wait);
        }

        if (RateLimit is { } limit)
        {
            limit.WriteTo(response.Headers);
        }

        if (AcceptEncoding is not null)
        {
            response.Headers.AcceptEncoding = AcceptEncoding;
        }

        if (Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        var body = Render();
        response.ContentType = "application/problem+json";
        response.ContentLength = body.Length;

        // It is shorter than what a connection buffers, and so bounded by the web server's own least rate (240 bytes/s).
        await response.BodyWriter.WriteAsync(body);
    }

    /// <summary>A time in a header: whole seconds, rounded up.</summary>
    public static string Seconds(TimeSpan time) => Math.Max(0, Math.Ceiling(time.TotalSeconds)).ToString("F0", CultureInfo.InvariantCulture);

    /// <summary>The body.</summary>
    public ReadOnlyMemory<byte> Render()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer, Minimal);
        json.WriteStartObject();
        // RFC 9457, 4.2.1: the type would say no more than the status.
        json.WriteString("type", "about:blank");
        json.WriteString("title", ReasonPhrases.GetReasonPhrase(Status));
        json.WriteNumber("status", Status);
        json.WriteString("detail", Message);
        json.WriteString("message", Message);
        json.WriteNumber("statusCode", Status);
        json.WriteString("code", Code);
        if (JobId is not null)
        {
            json.WriteString("jobId", JobId);
        }

        if (Lifecycle is not null)
        {
            json.WriteString("lifecycle", Lifecycle);
        }

        if (Arguments.Count > 0)
        {
            json.WriteStartArray("errors");
            foreach (var fault in Arguments)
            {
                json.WriteStartObject();
                json.WriteNumber("argument", fault.Position);
                json.WriteString("label", fault.Label);
                json.WriteString("detail", $"{fault}.");
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
