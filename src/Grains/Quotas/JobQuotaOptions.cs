namespace SyncCluster.Quotas;

/// <summary>
/// How many jobs may be queued or running at once in the whole cluster. Section <c>Limits:Jobs</c>, the same on all silos. Default: no limit, and
/// then jobs are not counted.
/// </summary>
public sealed class JobQuotaOptions
{
    public const string Section = "Limits:Jobs";

    /// <summary>For each customer without an entry in <see cref="Customers"/>. Default: no limit.</summary>
    public int? PerCustomer { get; set; }

    /// <summary>For each task without a limit of its own. Default: no limit.</summary>
    public int? PerTask { get; set; }

    /// <summary>
    /// How many bytes, roughly, the jobs of each customer without an entry in <see cref="Customers"/> may take in the storage, those that have ended
    /// included. At least 1 MiB. Default: no limit.
    /// </summary>
    public long? StoredBytes { get; set; }

    /// <summary>Limits of single customers, by their names.</summary>
    public Dictionary<string, CustomerJobQuotaOptions> Customers { get; set; } = [];

    /// <summary>How many bytes the jobs of a customer may take in the storage; null: any number.</summary>
    internal long? StoredBytesOf(string customer) => Customers.GetValueOrDefault(customer)?.StoredBytes ?? StoredBytes;

    /// <summary>The limits that apply to a task.</summary>
    internal JobQuota Of(string customer, string taskId)
    {
        var own = Customers.GetValueOrDefault(customer);
        return new(own?.Jobs ?? PerCustomer, own is not null && own.Tasks.TryGetValue(taskId, out var task) ? task : own?.PerTask ?? PerTask);
    }
}

/// <summary>The limits of one customer.</summary>
public sealed class CustomerJobQuotaOptions
{
    /// <summary>For all its tasks together; replaces <see cref="JobQuotaOptions.PerCustomer"/>.</summary>
    public int? Jobs { get; set; }

    /// <summary>For each of its tasks; replaces <see cref="JobQuotaOptions.PerTask"/>.</summary>
    public int? PerTask { get; set; }

    /// <summary>Bytes in the storage; replaces <see cref="JobQuotaOptions.StoredBytes"/>.</summary>
    public long? StoredBytes { get; set; }

    /// <summary>For single tasks, by their ids.</summary>
    public Dictionary<string, int> Tasks { get; set; } = [];
}
