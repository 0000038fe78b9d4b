using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace SyncCluster.Gateway.Problems;

/// <summary>
/// An answer that the server gives on its own account: RFC 9457 problem details with the original's <c>message</c>, <c>statusCode</c> and
/// <c>code</c> beside them for TheEye's clients.
/// </summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Message">What went wrong and what to do about it. Never a stack trace, a path or a connection string.</param>
/// <param name="Code">TheEye's error code, or empty.</param>
internal sealed record Problem(int Status, string Message, string Code = "") : IResult
{
    /// <summary>The job that the problem is about, where one exists.</summary>
    public string? JobId { get; init; }

    /// <summary>How to go on with that job.</summary>
    public string? Location { get; init; }

    /// <summary>When a retry may succeed; sent as whole seconds.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var headers = httpContext.Response.Headers;
        if (JobId is not null)
        {
            headers["Job-Id"] = JobId;
        }

        if (Location is not null)
        {
            headers.Location = Location;
        }

        if (RetryAfter is { } wait)
        {
            headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        if (Status == StatusCodes.Status401Unauthorized)
        {
            headers.WWWAuthenticate = "Bearer";
        }

        var details = new ProblemDetails
        {
            Type = $"https://httpwg.org/specs/rfc9110.html#status.{Status}",
            Title = ReasonPhrases.GetReasonPhrase(Status),
            Status = Status,
            Detail = Message,
            Extensions = { ["message"] = Message, ["statusCode"] = Status, ["code"] = Code },
        };
        if (JobId is not null)
        {
            details.Extensions["jobId"] = JobId;
        }

        return TypedResults.Problem(details).ExecuteAsync(httpContext);
    }
}
