using SyncCluster.TheEye.Jobs;

namespace SyncCluster.TheEye;

/// <summary>How the stand-in behaves where TheEye's own programs depend on their surroundings.</summary>
public sealed record TheEyeOptions
{
    /// <summary>A StackExchange.Redis connection string; null publishes nothing.</summary>
    public string? Redis { get; init; }

    /// <summary>How long a script job runs when there is no <see cref="Agent"/>; zero ends it at once.</summary>
    public TimeSpan TaskTime { get; init; }

    /// <summary>
    /// How long <c>synced</c> takes from its read to its save; with zero it only yields, so that two at once seldom meet. With some
    /// milliseconds they always do: see <see cref="Counters.SavedOver"/>. The job then runs twice if an agent takes it between their saves.
    /// </summary>
    public TimeSpan SyncedPause { get; init; }

    /// <summary>Runs a script job. By default it takes <see cref="TaskTime"/> and gives the arguments, as strings, for its output.</summary>
    public Func<RunningJob, CancellationToken, Task<JobEnd>>? Agent { get; init; }

    /// <summary>How many script jobs run at once.</summary>
    public int Agents { get; init; } = int.MaxValue;

    /// <summary>
    /// Whether jobs that are deleted to keep the newest only are forgotten, so that memory does not grow with every job there ever was:
    /// <see cref="TheEyeServer.Jobs"/> lacks them. No agent starts a deleted job, so that no count lacks anything.
    /// </summary>
    public bool ForgetsDeleted { get; init; }

    /// <summary>The clock of the job's dates, of <see cref="TaskTime"/>, <see cref="SyncedPause"/> and delays.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
