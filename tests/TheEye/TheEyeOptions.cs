using SyncCluster.TheEye.Jobs;

namespace SyncCluster.TheEye;

/// <summary>Settings of the stand-in.</summary>
public sealed record TheEyeOptions
{
    /// <summary>A StackExchange.Redis connection string; null publishes nothing.</summary>
    public string? Redis { get; init; }

    /// <summary>How long a script job runs when there is no <see cref="Agent"/>; zero ends it at once.</summary>
    public TimeSpan TaskTime { get; init; }

    /// <summary>
    /// How long <c>synced</c> takes from its read to its save. With zero it only yields, and two concurrent calls seldom overlap. With a few
    /// milliseconds they always do: see <see cref="Counters.SavedOver"/>. The job then runs twice if an agent takes it between the two saves.
    /// </summary>
    public TimeSpan SyncedPause { get; init; }

    /// <summary>
    /// How much later than the save of a job's end its message is published, asked for each job; null: at once. In TheEye it is 10 ms to some 100 ms.
    /// </summary>
    public Func<TimeSpan>? MessageDelay { get; init; }

    /// <summary>
    /// Whether a call that an access list refuses is never answered, as by the supervisor 4.15.3; otherwise it is answered 403.
    /// </summary>
    public bool HangsOnAccessLists { get; init; }

    /// <summary>Runs a script job. The default takes <see cref="TaskTime"/>, and outputs the arguments as strings.</summary>
    public Func<RunningJob, CancellationToken, Task<JobEnd>>? Agent { get; init; }

    /// <summary>How many script jobs run at once.</summary>
    public int Agents { get; init; } = int.MaxValue;

    /// <summary>
    /// Whether jobs that are deleted to keep only the newest are forgotten, so that memory does not grow with the number of jobs.
    /// <see cref="TheEyeServer.Jobs"/> lacks them then. The counters stay complete, since no agent starts a deleted job.
    /// </summary>
    public bool ForgetsDeleted { get; init; }

    /// <summary>The clock of the jobs' dates, <see cref="TaskTime"/>, <see cref="SyncedPause"/>, <see cref="MessageDelay"/> and delays.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
