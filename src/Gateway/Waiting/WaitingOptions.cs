namespace SyncCluster.Gateway.Waiting;

/// <summary>How long calls wait. Section <c>Waiting</c>.</summary>
internal sealed class WaitingOptions
{
    public const string Section = "Waiting";

    /// <summary>The longest wait for an answer; a job goes on after it. Default 660 s. Behind a proxy: less than the proxy's own limit.</summary>
    public TimeSpan Maximum { get; set; } = TimeSpan.FromSeconds(660);

    /// <summary>How long a call waits that does not say so itself (<c>Prefer: wait</c>). Default: the maximum.</summary>
    public TimeSpan? Default { get; set; }

    /// <summary>By customer and task: what is different for the calls of a task.</summary>
    public Dictionary<string, Dictionary<string, TaskWaiting>> Tasks { get; set; } = [];

    /// <summary>How long waits may go on when the server was told to stop; then they are answered 503. Default 10 s.</summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a waiting gateway asks a job's grain again, with a tenth of jitter. Default 60 s.</summary>
    public TimeSpan AttachInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long before the end of a wait the last look is taken. Default 2 s; for a short wait a quarter of it.</summary>
    public TimeSpan LastAttach { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a call is tried again while the cluster or its storage can't be reached. Default 5 s.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a call is tried again to which the cluster gives no answer at all; longer than it takes to replace silos that died. Default 30 s.
    /// </summary>
    public TimeSpan Silence { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a request waits.</summary>
    /// <param name="preferred">What its caller has asked for; null for nothing.</param>
    /// <param name="customer">Whose task is called.</param>
    /// <param name="task">The task that is called; null where a job is asked for.</param>
    public TimeSpan WaitOf(TimeSpan? preferred, string customer, string? task)
    {
        var own = task is null ? null : Tasks.GetValueOrDefault(customer)?.GetValueOrDefault(task);
        var maximum = Shorter(own?.Maximum ?? Maximum, Maximum);
        return Shorter(preferred ?? own?.Default ?? Default ?? maximum, maximum);
    }

    /// <summary>
    /// The times of a wait. A short one does not make the job come into being, or its grain answer, sooner: what is to be waited for must first be there.
    /// </summary>
    /// <param name="arrival">Any deadline of the request.</param>
    /// <param name="wait">How long it waits.</param>
    public WaitDeadlines TimeOf(Deadline arrival, TimeSpan wait) => new(arrival.After(wait > Patience ? wait : Patience), arrival.After(wait));

    /// <summary>Whether the times are times.</summary>
    public static bool IsSensible(WaitingOptions options)
    {
        var tasks = options.Tasks.Values.SelectMany(tasks => tasks.Values).ToArray();
        TimeSpan?[] times =
        [
            options.Maximum, options.Default, options.DrainTime, options.AttachInterval, options.LastAttach, options.Patience, options.Silence,
            .. tasks.Select(task => task.Default), .. tasks.Select(task => task.Maximum),
        ];
        return times.All(time => time is null || (time > TimeSpan.Zero && time <= TimeSpan.FromDays(1)));
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}

/// <summary>How long calls of one task wait. Section <c>Waiting:Tasks:CUSTOMER:TASK</c>.</summary>
internal sealed class TaskWaiting
{
    /// <summary>For calls that do not say so themselves.</summary>
    public TimeSpan? Default { get; set; }

    /// <summary>At the most; the server's own maximum counts where it is less.</summary>
    public TimeSpan? Maximum { get; set; }
}
