using System.Globalization;
using System.Threading.RateLimiting;

namespace SyncCluster.Gateway.Limits;

/// <summary>How many calls a customer may make: a bucket of <paramref name="Burst"/> that fills with <paramref name="PerSecond"/>.</summary>
/// <param name="PerSecond">Calls per second; above 0.</param>
/// <param name="Burst">Calls at once; above 0.</param>
internal readonly record struct RateLimit(double PerSecond, int Burst)
{
    private const string Name = "\"calls\"";

    /// <summary>How long an empty bucket takes to get its next call.</summary>
    public TimeSpan Next => TimeSpan.FromSeconds(1 / PerSecond);

    /// <summary>The quota, and in how many seconds an empty bucket is full again (draft-ietf-httpapi-ratelimit-headers).</summary>
    private string Policy => string.Create(CultureInfo.InvariantCulture, $"{Name};q={Burst};w={Seconds(Burst)}");

    public TokenBucketRateLimiterOptions Bucket => new()
    {
        TokenLimit = Burst,
        TokensPerPeriod = 1,
        ReplenishmentPeriod = Next,
        QueueLimit = 0,
    };

    /// <summary>The limit of a customer; null if there is none.</summary>
    public static RateLimit? Of(GatewayLimitsOptions options, string customer)
    {
        var own = options.Customers.GetValueOrDefault(customer);
        var perSecond = own?.CallsPerSecond ?? options.CallsPerSecond;
        var burst = own?.Burst ?? options.Burst;
        return perSecond == 0 ? null : new(perSecond, burst > 0 ? burst : Math.Max(1, (int)Math.Ceiling(perSecond)));
    }

    /// <summary>What is left, and in how many seconds the bucket is full again.</summary>
    public RateLimitHeaders Headers(long left) => new(Policy, string.Create(CultureInfo.InvariantCulture, $"{Name};r={left};t={Seconds(Burst - left)}"));

    private long Seconds(long calls) => (long)Math.Ceiling(calls / PerSecond);
}
