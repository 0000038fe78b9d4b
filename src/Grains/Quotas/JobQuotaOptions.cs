namespace SyncCluster.Quotas;

/// <summary>
/// How many jobs may be queued or running at once, in the whole cluster. Section <c>Limits:Jobs</c>, the same in all silos. Default: as many as there
/// is room for, and then nothing is counted.
/// </summary>
public sealed class JobQuotaOptions
{
    public const string Section = "Limits:Jobs";

    /// <summary>Of each customer that is not named below. Default none.</summary>
    public int? PerCustomer { get; set; }

    /// <summary>Of each task that is not named below. Default none.</summary>
    public int? PerTask { get; set; }

    /// <summary>What differs, by the customer's name.</summary>
    public Dictionary<string, CustomerJobQuotaOptions> Customers { get; set; } = [];

    /// <summary>The limits of one task and its customer; null for none.</summary>
    internal (int? Customer, int? Task) Of(string customer, string taskId)
    {
        var own = Customers.GetValueOrDefault(customer);
        return (own?.Jobs ?? PerCustomer, own is not null && own.Tasks.TryGetValue(taskId, out var task) ? task : own?.PerTask ?? PerTask);
    }
}

/// <summary>The limits of a named customer.</summary>
public sealed class CustomerJobQuotaOptions
{
    /// <summary>Of all its tasks together; in place of <see cref="JobQuotaOptions.PerCustomer"/>.</summary>
    public int? Jobs { get; set; }

    /// <summary>Of each of its tasks; in place of <see cref="JobQuotaOptions.PerTask"/>.</summary>
    public int? PerTask { get; set; }

    /// <summary>Of single tasks, by their ids.</summary>
    public Dictionary<string, int> Tasks { get; set; } = [];
}
