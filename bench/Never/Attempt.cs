using System.Net.Http.Headers;

namespace SyncCluster.Bench;

/// <summary>What came of sending a call once.</summary>
/// <param name="Gateway">Who was asked.</param>
/// <param name="Status">Of HTTP; 0 where there was no answer.</param>
/// <param name="Body">All of the answer; without one, why.</param>
internal sealed record Attempt(Server Gateway, int Status, string Body)
{
    private const string ProblemType = "application/problem+json";
    private const int Shown = 300;

    /// <summary>Whose answer it is.</summary>
    public string? Job { get; private init; }

    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>Whether it is the server that speaks, and not a job.</summary>
    public bool IsProblem { get; private init; }

    /// <summary>Whether the call is to be sent again, with its key, by what is published of statuses.</summary>
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
