namespace SyncCluster.Jobs.Retention;

/// <summary>What of a task's ended jobs is kept for a shorter time than their records. Default: nothing is.</summary>
public class TaskRetentionOptions
{
    /// <summary>How long their content is kept: from 10 minutes to <c>Storage:JobExpiry</c>. Default: as for what stands above.</summary>
    public TimeSpan? JobExpiry { get; set; }

    /// <summary>How many of a task's ended jobs are kept with their content, the newest ones. Default: as for what stands above.</summary>
    public int? KeptJobs { get; set; }
}

/// <summary>The same for all tasks of a customer, and for single ones.</summary>
public sealed class CustomerRetentionOptions : TaskRetentionOptions
{
    /// <summary>For single tasks, by their ids.</summary>
    public Dictionary<string, TaskRetentionOptions> Tasks { get; set; } = [];
}
