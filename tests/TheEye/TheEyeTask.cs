namespace SyncCluster.TheEye;

public sealed record TheEyeTask
{
    public string Id { get; init; } = NewId.Next();

    public string Name { get; init; } = "task";

    public TaskType Type { get; init; }

    /// <summary>Creates jobs without a token; null: no secret does.</summary>
    public string? Secret { get; init; }

    /// <summary>E-mails, credentials and roles; empty admits everyone of the customer. Admins and above pass.</summary>
    public IReadOnlyCollection<string> Acl { get; init; } = [];

    /// <summary>How many arguments are not fixed: fewer in a call make a job that ends in <c>error</c>.</summary>
    public int ArgumentCount { get; init; }

    /// <summary>
    /// Makes the job's array of arguments of the call's, both JSON; null where the call's can't be used, as if they were too few. By default they are
    /// taken as they came.
    /// </summary>
    public Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>?> Bind { get; init; } = arguments => arguments;

    /// <summary>Whether finished jobs beyond the newest <see cref="KeepLimit"/> are deleted.</summary>
    public bool AutoremoveCompletedJobs { get; init; } = true;

    public int KeepLimit { get; init; } = 5;

    /// <summary>False lets only admins and above cancel.</summary>
    public bool Cancellable { get; init; } = true;

    public string Runas { get; init; } = "node %script%";

    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Whatever the test's agent wants to find with the task.</summary>
    public object? Tag { get; init; }
}
