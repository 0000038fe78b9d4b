using System.Net.Http.Headers;
using System.Text;

namespace SyncCluster.Cluster.Tests.Compatibility;

/// <summary>A request, and how it was answered.</summary>
internal sealed record Exchange(string Method, string Path)
{
    private const string Problem = "application/problem+json";

    public string? Token { get; init; }

    /// <summary>The <c>Idempotency-Key</c>.</summary>
    public string? Key { get; init; }

    public string? Prefer { get; init; }

    /// <summary>JSON.</summary>
    public string? Body { get; init; }

    public int Status { get; init; }

    public string? ContentType { get; init; }

    public string? JobId { get; init; }

    public string? Location { get; init; }

    /// <summary>The answer's body. Empty for an error of the server itself: its text may change.</summary>
    public string Answer { get; init; } = "";

    /// <summary>Sends the request and gives it with its answer.</summary>
    public async Task<Exchange> SendAsync(HttpClient http)
    {
        using var request = new HttpRequestMessage(new(Method), Path);
        if (Token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        }

        if (Key is not null)
        {
            request.Headers.Add("Idempotency-Key", Key);
        }

        if (Prefer is not null)
        {
            request.Headers.Add("Prefer", Prefer);
        }

        if (Body is not null)
        {
            request.Content = new StringContent(Body, Encoding.UTF8, "application/json");
        }

        using var response = await http.SendAsync(request);
        var type = response.Content.Headers.ContentType?.ToString();
        return this with
        {
            Status = (int)response.StatusCode,
            ContentType = type,
            JobId = response.Headers.TryGetValues("Job-Id", out var ids) ? ids.Single() : null,
            Location = response.Headers.Location?.OriginalString,
            Answer = type == Problem ? "" : await response.Content.ReadAsStringAsync(),
        };
    }
}
