namespace SyncCluster.Quotas;

/// <summary>How many jobs may be queued or running at once.</summary>
/// <param name="Customer">Of all tasks of the customer together; null: any number.</param>
/// <param name="Task">Of the task; null: any number.</param>
internal readonly record struct JobQuota(int? Customer, int? Task)
{
    /// <summary>Whether any number of jobs is allowed, so that none needs to be counted.</summary>
    public bool IsUnlimited => this is (null, null);
}
