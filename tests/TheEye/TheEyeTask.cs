namespace SyncCluster.TheEye;

public sealed record TheEyeTask
{
    public string Id { get; init; } = NewId.Next();

    public string Name { get; init; } = "task";

    public TaskType Type { get; init; }

    /// <summary>The secret that creates jobs without a token; null: there is none.</summary>
    public string? Secret { get; init; }

    /// <summary>E-mails, credentials and roles; empty: every user of the customer. Admins and above always pass.</summary>
    public IReadOnlyCollection<string> Acl { get; init; } = [];

    /// <summary>How many arguments a call must have: with fewer, its job ends in <c>error</c>.</summary>
    public int ArgumentCount { get; init; }

    /// <summary>
    /// Turns the call's array of arguments into the job's, both JSON; null where they are not valid, as if they were too few. The default takes them as
    /// they are.
    /// </summary>
    public Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>?> Bind { get; init; } = arguments => arguments;

    /// <summary>Whether each creation deletes ended jobs that are older than the newest <see cref="KeepLimit"/> jobs of any lifecycle.</summary>
    public bool AutoremoveCompletedJobs { get; init; } = true;

    public int KeepLimit { get; init; } = 5;

    /// <summary>False lets only admins and above cancel.</summary>
    public bool Cancellable { get; init; } = true;

    public string Runas { get; init; } = "node %script%";

    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>An object for the test's agent.</summary>
    public object? Tag { get; init; }
}
