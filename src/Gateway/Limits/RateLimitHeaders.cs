using System.Globalization;

namespace SyncCluster.Gateway.Limits;

/// <summary>A limit and what is left of it, as draft-ietf-httpapi-ratelimit-headers writes them.</summary>
/// <param name="Policy">The limit.</param>
/// <param name="Left">What is left.</param>
internal readonly record struct RateLimitHeaders(string Policy, string Left)
{
    /// <summary>The headers' names.</summary>
    public static string[] Names { get; } = ["RateLimit", "RateLimit-Policy"];

    /// <summary>A limit without a window of time that is used up.</summary>
    /// <param name="name">What is limited: letters and hyphens.</param>
    /// <param name="limit">How many there may be.</param>
    public static RateLimitHeaders UsedUp(string name, int limit) => new(string.Create(CultureInfo.InvariantCulture, $"\"{name}\";q={limit}"), $"\"{name}\";r=0");

    public void WriteTo(IHeaderDictionary headers)
    {
        headers["RateLimit-Policy"] = Policy;
        headers["RateLimit"] = Left;
    }
}
