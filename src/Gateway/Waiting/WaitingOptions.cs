namespace SyncCluster.Gateway.Waiting;

/// <summary>How long calls wait. Section <c>Waiting</c>.</summary>
internal sealed class WaitingOptions
{
    public const string Section = "Waiting";

    /// <summary>The longest wait for an answer; a job goes on after it. Default 660 s. Behind a proxy: less than the proxy's own limit.</summary>
    public TimeSpan Maximum { get; set; } = TimeSpan.FromSeconds(660);

    /// <summary>How long a call without <c>Prefer: wait</c> waits. Default: the maximum.</summary>
    public TimeSpan? Default { get; set; }

    /// <summary>What differs for the calls of a task, by customer and task.</summary>
    public Dictionary<string, Dictionary<string, TaskWaiting>> Tasks { get; set; } = [];

    /// <summary>How long waits go on after the server was told to stop; then they are answered 503. Default 10 s.</summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a gateway attaches to a job again, with a tenth of jitter. Default 60 s.</summary>
    public TimeSpan AttachInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long before the end of a wait storage is asked once more. Default 2 s; for a short wait a quarter of it.</summary>
    public TimeSpan LastAttach { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a call is repeated while the cluster or its storage can't be reached. Default 5 s.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a call is repeated while the cluster gives no answer at all; longer than it takes to replace silos that died. Default 30 s.
    /// </summary>
    public TimeSpan Silence { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a cancel waits for the end of the job that it has told to stop. Default 30 s; more than the time that a script may take to clean up.
    /// </summary>
    public TimeSpan CancelTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a request waits.</summary>
    /// <param name="preferred">The caller's <c>Prefer: wait</c>; null if there is none.</param>
    /// <param name="customer">The customer of the task or job.</param>
    /// <param name="task">The task that is called; null if a job is asked for.</param>
    public TimeSpan WaitOf(TimeSpan? preferred, string customer, string? task)
    {
        var own = task is null ? null : Tasks.GetValueOrDefault(customer)?.GetValueOrDefault(task);
        var maximum = Shorter(own?.Maximum ?? Maximum, Maximum);
        return Shorter(preferred ?? own?.Default ?? Default ?? maximum, maximum);
    }

    /// <summary>
    /// The deadlines of a wait. A short wait does not shorten the time that a new job, or the reply of its grain, may take: the job must first exist.
    /// </summary>
    /// <param name="arrival">Any deadline of the request.</param>
    /// <param name="wait">How long it waits.</param>
    public WaitDeadlines DeadlinesOf(Deadline arrival, TimeSpan wait) => new(arrival.After(wait > Patience ? wait : Patience), arrival.After(wait));

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}

/// <summary>How long calls of one task wait. Section <c>Waiting:Tasks:CUSTOMER:TASK</c>.</summary>
internal sealed class TaskWaiting
{
    /// <summary>For calls without <c>Prefer: wait</c>.</summary>
    public TimeSpan? Default { get; set; }

    /// <summary>The longest wait; the server's own maximum counts if it is less.</summary>
    public TimeSpan? Maximum { get; set; }
}
