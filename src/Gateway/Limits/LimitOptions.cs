using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Limits;

/// <summary>How much may be asked of this gateway. Section <c>Limits</c>, beside how large requests may be.</summary>
internal sealed class LimitOptions
{
    public const string Section = "Limits";

    /// <summary>
    /// Requests that may wait here at once. Default 16,000: each holds a connection, which is an open file, and a process is often given 20,000 of them;
    /// the rest is for connections that are idle, for Redis and for scripts' pipes. It takes some 400 MB then.
    /// </summary>
    public int Waiters { get; set; } = 16_000;

    /// <summary>Tasks that a customer may run in a second, at each gateway. Default 0: as many as he likes.</summary>
    public double CallsPerSecond { get; set; }

    /// <summary>How many he may run at once when he has run none for a while. Default 0: as many as in a second.</summary>
    public int Burst { get; set; }

    /// <summary>What is otherwise for one customer, by his name.</summary>
    public Dictionary<string, CustomerLimitOptions> Customers { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether the numbers can be kept to.</summary>
    public static bool IsSensible(LimitOptions options) =>
        options.Waiters > 0
        && IsRate(options.CallsPerSecond)
        && options.Burst >= 0
        && options.Customers.All(customer => CustomerName.IsValid(customer.Key) && IsRate(customer.Value.CallsPerSecond ?? 0) && customer.Value.Burst is null or >= 0);

    private static bool IsRate(double rate) => rate is 0 or (>= 0.001 and <= 1_000_000);
}

/// <summary>What of the limits is otherwise for one customer.</summary>
internal sealed class CustomerLimitOptions
{
    /// <summary>Null: as for all. 0: as many as he likes.</summary>
    public double? CallsPerSecond { get; set; }

    /// <summary>Null: as for all. 0: as many as in a second.</summary>
    public int? Burst { get; set; }
}
