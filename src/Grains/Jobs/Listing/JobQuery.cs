namespace SyncCluster.Jobs.Listing;

/// <summary>Which jobs of a customer are asked for. Null members admit all.</summary>
[GenerateSerializer, Immutable, Alias("sync.joblist.query")]
public sealed record JobQuery
{
    /// <summary>The ids of their tasks.</summary>
    [Id(0)] public string[]? Tasks { get; init; }

    /// <summary>The names of their callers.</summary>
    [Id(1)] public string[]? Callers { get; init; }

    [Id(2)] public Lifecycle[]? Lifecycles { get; init; }

    [Id(3)] public JobState[]? States { get; init; }

    /// <summary>From when on they were called.</summary>
    [Id(4)] public DateTimeOffset? Since { get; init; }

    /// <summary>Before when they were called.</summary>
    [Id(5)] public DateTimeOffset? Until { get; init; }

    /// <summary>Whether the oldest come first.</summary>
    [Id(6)] public bool IsAscending { get; init; }

    /// <summary>How many are wanted.</summary>
    [Id(7)] public int Limit { get; init; }

    /// <summary>How many to pass over before.</summary>
    [Id(8)] public int Skip { get; init; }

    /// <summary>Where to go on: the <see cref="JobPage.Next"/> of the page before. Null: at the beginning.</summary>
    [Id(9)] public string? After { get; init; }

    /// <summary>Who asks.</summary>
    [Id(10)] public required JobViewer Viewer { get; init; }

    /// <summary>The ids of the jobs that they run again. A silo of an earlier version lists others as well.</summary>
    [Id(11)] public string[]? RestartedFrom { get; init; }

    /// <summary>The lifecycles of jobs that have not ended.</summary>
    public static Lifecycle[] Unfinished { get; } = [.. Enum.GetValues<Lifecycle>().Where(lifecycle => !lifecycle.HasEnded())];

    /// <summary>The lifecycles of jobs that have.</summary>
    public static Lifecycle[] Ended { get; } = [.. Enum.GetValues<Lifecycle>().Where(lifecycle => lifecycle.HasEnded())];

    /// <summary>Whether the job is one of them, as its record tells.</summary>
    internal bool Admits(JobRecord job) =>
        (Tasks is null || Tasks.Contains(job.Spec.TaskId))
        && (Callers is null || Callers.Contains(job.Spec.User.Username))
        && (Lifecycles is null || Lifecycles.Contains(job.Lifecycle))
        && (States is null || States.Contains(job.State))
        && (RestartedFrom is null || RestartedFrom.Contains(job.Spec.RestartedFrom))
        && (Since is not { } since || job.Spec.CreatedAt >= since)
        && (Until is not { } until || job.Spec.CreatedAt < until)
        && Viewer.IsAllowedBy(job.Spec.Acl);
}

/// <summary>Who asks for jobs, as access lists know them.</summary>
/// <param name="IsAdministrator">Whether access lists do not count.</param>
/// <param name="Names">What a list may name: an e-mail, a credential, roles and tags.</param>
[GenerateSerializer, Immutable, Alias("sync.joblist.viewer")]
public sealed record JobViewer([property: Id(0)] bool IsAdministrator, [property: Id(1)] string[] Names)
{
    /// <summary>Whether an access list allows the viewer. An empty list allows everyone; administrators are always allowed.</summary>
    public bool IsAllowedBy(IReadOnlyCollection<string> acl) =>
        acl.Count == 0
        || IsAdministrator
        || acl.Any(entry => Names.Any(name => name.Length > 0 && entry.Equals(name, StringComparison.OrdinalIgnoreCase)));
}

/// <summary>Some of the jobs that were asked for.</summary>
/// <param name="Jobs">Their documents without what is long (<see cref="JobDocument.Row"/>): JSON, UTF-8.</param>
/// <param name="Next">Where to go on; null if these are the last.</param>
[GenerateSerializer, Immutable, Alias("sync.joblist.page")]
public sealed record JobPage([property: Id(0)] byte[][] Jobs, [property: Id(1)] string? Next);

/// <summary>How many unfinished jobs a task has.</summary>
[GenerateSerializer, Immutable, Alias("sync.joblist.count")]
public sealed record TaskJobCount([property: Id(0)] string TaskId, [property: Id(1)] int Jobs);
