namespace SyncCluster.Gateway.Limits;

/// <summary>How much may be asked of this gateway. Section <c>Limits</c>.</summary>
internal sealed class GatewayLimitsOptions
{
    public const string Section = "Limits";

    /// <summary>Bytes in the body of a call. Default 1 MiB.</summary>
    public int Body { get; set; } = 1 << 20;

    /// <summary>Bytes in the body of an import. Default 8 MiB.</summary>
    public int Import { get; set; } = 8 << 20;

    /// <summary>How long a body may take to arrive, however much of it is there already. Default 1 minute.</summary>
    public TimeSpan BodyTime { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Bytes that all bodies may hold together whose senders are not known yet: those without a token outside the body, and those with a secret that only
    /// TheEye knows. Default 64 MiB; at least <see cref="Body"/> counts.
    /// </summary>
    public long UnauthenticatedBodies { get; set; } = 64 << 20;

    /// <summary>
    /// Requests of one customer that may wait here at once. Customers share the places: others still get in, until twice as many wait. Default 16,000:
    /// each holds a connection, which is an open file, and a process is often given 20,000 of them. So many waiters take some 400 MB. It is lowered where
    /// there may be fewer connections (<see cref="WaiterLimit"/>).
    /// </summary>
    public int Waiters { get; set; } = 16_000;

    /// <summary>Calls of a customer, and requests for the answers of its jobs, in a second, at each gateway. Default 0: no limit.</summary>
    public double CallsPerSecond { get; set; }

    /// <summary>The same at once after a pause. Default 0: as many as in a second.</summary>
    public int Burst { get; set; }

    /// <summary>What differs, by the customer's name.</summary>
    public Dictionary<string, CustomerLimitsOptions> Customers { get; set; } = new(StringComparer.OrdinalIgnoreCase);
}

/// <summary>What differs for one customer. Section <c>Limits:Customers:NAME</c>.</summary>
internal sealed class CustomerLimitsOptions
{
    /// <summary>Requests that may wait here at once. Null or 0: the customer's share of the places only.</summary>
    public int? Waiters { get; set; }

    /// <summary>Null: as for all customers. 0: no limit.</summary>
    public double? CallsPerSecond { get; set; }

    /// <summary>Null: as for all customers. 0: as many as in a second.</summary>
    public int? Burst { get; set; }
}
