using System.Net.Http.Headers;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench.Chaos;

/// <summary>The outcome of one request of a call.</summary>
/// <param name="Gateway">The gateway that was asked.</param>
/// <param name="Status">The HTTP status; 0 without an answer.</param>
/// <param name="Body">The body of the answer; without an answer, the reason.</param>
internal sealed record Attempt(Server Gateway, int Status, string Body)
{
    private const string ProblemType = "application/problem+json";
    private const int Shown = 300;

    /// <summary>The id of the job.</summary>
    public string? Job { get; private init; }

    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>Whether the answer is an error of the server, and not of a job.</summary>
    public bool IsProblem { get; private init; }

    /// <summary>Whether the call must be sent again with its key, by the documented meaning of the status.</summary>
    public bool IsRefusal => Status == 0 || (Status is 429 or 502 or 503 or 504 && IsProblem);

    public static async Task<Attempt> OfAsync(Server gateway, HttpResponseMessage response, CancellationToken stop) =>
        new(gateway, (int)response.StatusCode, await response.Content.ReadAsStringAsync(stop))
        {
            Job = response.Headers.TryGetValues("Job-Id", out var ids) ? ids.Single() : null,
            RetryAfter = response.Headers.RetryAfter?.Delta,
            IsProblem = response.Content.Headers.ContentType is MediaTypeHeaderValue { MediaType: ProblemType },
        };

    public override string ToString() => $"{Status} at {Gateway.Name}, job {Job ?? "unknown"}: {(Body.Length > Shown ? Body[..Shown] + "…" : Body)}";
}
