using SyncCluster.Jobs.Listing;

namespace SyncCluster.Jobs.Retention;

/// <summary>Which ended jobs are removed before their records expire, in all.</summary>
/// <param name="KeptJobs">Of each task without a number of its own; null: any number.</param>
/// <param name="Customers">What single customers have, by their names.</param>
/// <param name="RemovalsPerSecond">How many jobs are removed in a second at most.</param>
internal sealed record RetentionRules(int? KeptJobs, IReadOnlyDictionary<string, CustomerRetentionOptions> Customers, int RemovalsPerSecond)
{
    /// <summary>Whether nothing is ever removed.</summary>
    public bool IsEmpty => KeptJobs is null
        && Customers.Values.All(customer => IsNothing(customer) && customer.Tasks.Values.All(IsNothing));

    /// <summary>The rule for a task: what is said of it, else of its customer, else of all.</summary>
    public RetentionRule Of(string customer, string taskId) =>
        Of(customer, Customers.GetValueOrDefault(customer)?.Tasks.GetValueOrDefault(taskId));

    /// <summary>The rules for all tasks of a customer.</summary>
    public CustomerRules Of(string customer)
    {
        var tasks = new Dictionary<uint, RetentionRule>();
        foreach (var (task, own) in Customers.GetValueOrDefault(customer)?.Tasks ?? [])
        {
            tasks[JobEntry.Hash(task)] = Of(customer, own);
        }

        return new(Of(customer, task: null), tasks);
    }

    private static bool IsNothing(TaskRetentionOptions options) => options is { JobExpiry: null, KeptJobs: null };

    private RetentionRule Of(string customer, TaskRetentionOptions? task)
    {
        var own = Customers.GetValueOrDefault(customer);
        return new(task?.JobExpiry ?? own?.JobExpiry, task?.KeptJobs ?? own?.KeptJobs ?? KeptJobs);
    }
}

/// <summary>The rules for a customer's tasks as the index of jobs knows them: by the hashes of their ids.</summary>
/// <param name="Others">For all but these.</param>
/// <param name="Tasks">For single ones.</param>
internal sealed record CustomerRules(RetentionRule Others, IReadOnlyDictionary<uint, RetentionRule> Tasks)
{
    private IEnumerable<RetentionRule> All => [Others, .. Tasks.Values];

    /// <summary>Whether a number of kept jobs is among them.</summary>
    public bool AnyKeptJobs => All.Any(rule => rule.KeptJobs is not null);

    /// <summary>The shortest time that content is kept; null if none has an end of its own.</summary>
    public TimeSpan? ShortestExpiry => All.Min(rule => rule.Expiry);

    public RetentionRule Of(uint task) => Tasks.GetValueOrDefault(task, Others);
}

/// <summary>What of a task's ended jobs is kept.</summary>
/// <param name="Expiry">How long after their ends; null: as long as their records.</param>
/// <param name="KeptJobs">How many, the newest ones; null: all.</param>
internal readonly record struct RetentionRule(TimeSpan? Expiry, int? KeptJobs)
{
    /// <summary>Whether a job is to be removed.</summary>
    /// <param name="age">How long ago it has ended.</param>
    /// <param name="isNotKept">Whether <see cref="KeptJobs"/> ended jobs of the task were called after it.</param>
    public bool Removes(TimeSpan age, bool isNotKept) => age >= JobGrain.LeastAge && (age >= Expiry || (isNotKept && KeptJobs is not null));
}
