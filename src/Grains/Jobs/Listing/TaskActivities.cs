namespace SyncCluster.Jobs.Listing;

/// <summary>What has become of the newest jobs of a customer, by their tasks.</summary>
/// <param name="Tasks">Those of the asked tasks that have one of these jobs.</param>
/// <param name="IsWhole">Whether all jobs that are to be counted are among them; if not, there may be more of each task.</param>
[GenerateSerializer, Immutable, Alias("sync.joblist.activities")]
public sealed record TaskActivities([property: Id(0)] TaskActivity[] Tasks, [property: Id(1)] bool IsWhole)
{
    /// <summary>Sums up entries of the index, without a look at the jobs' records: what the index has of a job that has just ended may be late.</summary>
    /// <param name="query">What is asked.</param>
    /// <param name="entries">The newest entries of the customer, the newest first.</param>
    /// <param name="isLast">Whether there are no older ones.</param>
    internal static TaskActivities Of(TaskActivityQuery query, IReadOnlyList<JobEntry> entries, bool isLast)
    {
        var since = JobPosition.Micros(query.Since);
        var tasks = query.Tasks.Select(task => (task.Id, Hash: JobEntry.Hash(task.Id), Acl: JobEntry.HashOf(task.Acl))).ToLookup(task => task.Hash);
        var found = new Dictionary<string, TaskActivity>();

        // A job may be there twice: as one that has not ended, and as ended.
        foreach (var job in entries.GroupBy(entry => entry.Position).Select(same => same.MaxBy(entry => entry.HasEnded)))
        {
            foreach (var task in tasks[job.Task].Where(task => query.Viewer.IsAdministrator || job.Acl == 0 || job.Acl == task.Acl))
            {
                var activity = found.TryGetValue(task.Id, out var before) ? before : new TaskActivity
                {
                    TaskId = task.Id,
                    LastCall = DateTimeOffset.UnixEpoch.AddMicroseconds(job.Position.CreatedAt),
                    LastState = job.HasEnded ? job.State : JobState.InProgress,
                };
                found[task.Id] = job.Position.CreatedAt < since ? activity : activity with
                {
                    Calls = activity.Calls + 1,
                    Failures = activity.Failures + (job.HasEnded && job.State is JobState.Failure or JobState.Timeout or JobState.Error ? 1 : 0),
                };
            }
        }

        return new([.. found.Values], isLast || (entries.Count > 0 && entries[^1].Position.CreatedAt < since));
    }
}

/// <summary>What has become of the newest jobs of a task.</summary>
[GenerateSerializer, Immutable, Alias("sync.joblist.activity")]
public sealed record TaskActivity
{
    [Id(0)] public required string TaskId { get; init; }

    /// <summary>When the newest was called.</summary>
    [Id(1)] public required DateTimeOffset LastCall { get; init; }

    /// <summary>How that has ended; <see cref="JobState.InProgress"/> if it has not.</summary>
    [Id(2)] public required JobState LastState { get; init; }

    /// <summary>How many were called in the time that is asked for.</summary>
    [Id(3)] public int Calls { get; init; }

    /// <summary>How many of these have failed: canceled ones have not.</summary>
    [Id(4)] public int Failures { get; init; }
}

/// <summary>Asks for <see cref="TaskActivities"/>.</summary>
[GenerateSerializer, Immutable, Alias("sync.joblist.activity.query")]
public sealed record TaskActivityQuery
{
    /// <summary>Who asks.</summary>
    [Id(0)] public required JobViewer Viewer { get; init; }

    /// <summary>Tasks that the viewer may see.</summary>
    [Id(1)] public required AskedTask[] Tasks { get; init; }

    /// <summary>From when on calls are counted.</summary>
    [Id(2)] public required DateTimeOffset Since { get; init; }
}

/// <param name="Id">The task's id.</param>
/// <param name="Acl">Its access list: of jobs that were called under another one, only administrators are told.</param>
[GenerateSerializer, Immutable, Alias("sync.joblist.activity.task")]
public sealed record AskedTask([property: Id(0)] string Id, [property: Id(1)] string[] Acl);
