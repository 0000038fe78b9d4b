namespace SyncCluster.Tasks;

/// <summary>
/// A task: all that is needed to decide whether and how to run it, without the script's bytes. Immutable: an update replaces it as a whole, so that a
/// job never sees half of a change.
/// </summary>
[GenerateSerializer, Immutable, Alias("sync.task")]
public sealed record TaskDefinition
{
    /// <summary>The version of this record's layout. Silos of two versions may run side by side.</summary>
    [Id(0)] public int Version { get; init; } = 1;

    /// <summary>1 to 64 of <c>[A-Za-z0-9_-]</c>; 24 hex digits if it was imported over HTTP.</summary>
    [Id(1)] public required string Id { get; init; }

    [Id(2)] public required string Customer { get; init; }

    [Id(3)] public required string Name { get; init; }

    [Id(4)] public string Description { get; init; } = "";

    [Id(5)] public required TaskType Type { get; init; }

    /// <summary>In ascending <see cref="TaskArgument.Order"/>.</summary>
    [Id(6)] public TaskArgument[] Arguments { get; init; } = [];

    [Id(7)] public ArgumentsType ArgumentsType { get; init; }

    /// <summary>Who may run the task and see its jobs: e-mails, roles, <c>k:v</c> tags; empty: everyone with the credential.</summary>
    [Id(8)] public string[] Acl { get; init; } = [];

    /// <summary>How long the script may run.</summary>
    [Id(9)] public TimeSpan Timeout { get; init; } = DefaultTimeout;

    [Id(10)] public Dictionary<string, string> Env { get; init; } = [];

    /// <summary>The shell command; <c>%script%</c> stands for the script and its arguments.</summary>
    [Id(11)] public string Runas { get; init; } = "%script%";

    /// <summary>False: only an administrator may cancel its jobs.</summary>
    [Id(12)] public bool Cancellable { get; init; } = true;

    /// <summary>False: only one job of the task runs at a time.</summary>
    [Id(13)] public bool Multitasking { get; init; } = true;

    /// <summary>The state of a job whose script reports neither success nor failure.</summary>
    [Id(14)] public string? DefaultStateEvaluation { get; init; }

    /// <summary>SHA-256 of the task's secret.</summary>
    [Id(15)] public byte[] SecretHash { get; init; } = [];

    /// <summary>The script's file name, without a path; null for a task without a script.</summary>
    [Id(16)] public string? Filename { get; init; }

    [Id(17)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>SHA-256 of the script, lowercase hex; null for a task without a script.</summary>
    [Id(18)] public string? ScriptDigest { get; init; }

    /// <summary>The script's media type from the recipe, or null.</summary>
    [Id(19)] public string? Mimetype { get; init; }

    /// <summary>Whether any exit code but 0 makes a job a failure, whatever its script reports. TheEye has no such setting.</summary>
    [Id(20)] public bool ExitCodeDecides { get; init; }

    /// <summary>What the task restricts its jobs to; null for nothing.</summary>
    [Id(21)] public TaskLimits? Limits { get; init; }

    /// <summary>Whether calls must fit the definitions of the arguments; null: as the server has it.</summary>
    [Id(22)] public ArgumentRule? ArgumentRule { get; init; }

    /// <summary>
    /// Another one whenever the task is replaced: gateways keep a definition, and the silo of a job asks whether it is still the task's. Null for a task
    /// that a server of an earlier version has stored.
    /// </summary>
    [Id(23)] public Guid? Revision { get; init; }

    /// <summary>TheEye's default, 600000 ms.</summary>
    public static TimeSpan DefaultTimeout { get; } = TimeSpan.FromMinutes(10);
}
