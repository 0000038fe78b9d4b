namespace SyncCluster.WebConsole;

/// <summary>The cluster on its page.</summary>
public sealed record ShownCluster
{
    /// <summary>What an operator should look at, in sentences.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    public required IReadOnlyList<ShownGateway> Gateways { get; init; }

    public required IReadOnlyList<ShownSilo> Silos { get; init; }

    /// <summary>The tasks of which most jobs wait.</summary>
    public required IReadOnlyList<ShownQueue> Queues { get; init; }

    /// <summary>Customers, those with most jobs first.</summary>
    public required IReadOnlyList<ShownUse> Customers { get; init; }

    public required IReadOnlyList<ShownUse> Storage { get; init; }

    /// <summary>How many jobs wait at all silos.</summary>
    public required int Waiting { get; init; }

    /// <summary>Whether the visitor may have silos drained.</summary>
    public bool MayDrain { get; init; }

    /// <summary>Why none can be drained; null if one can.</summary>
    public string? NotDrained { get; init; }

    /// <summary>What the visitor has just done; null for nothing.</summary>
    public string? Notice { get; init; }

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <param name="Name">Its name.</param>
/// <param name="IsThis">Whether it has answered.</param>
/// <param name="Version">Of its program.</param>
/// <param name="StartedAt">When it has started.</param>
/// <param name="Waiters">Requests that wait for a job there.</param>
/// <param name="Clock">How far its machine's clock is off.</param>
public sealed record ShownGateway(string Name, bool IsThis, string Version, DateTimeOffset StartedAt, int Waiters, string Clock);

/// <param name="Name">Its name.</param>
/// <param name="Address">Its address in the cluster.</param>
/// <param name="State">What it is about.</param>
/// <param name="Class">How that looks.</param>
/// <param name="Details">What it has said of itself; null if it has not answered.</param>
/// <param name="CanDrain">Whether it takes jobs, and so can be drained.</param>
public sealed record ShownSilo(string Name, string Address, string State, string Class, ShownSiloDetails? Details, bool CanDrain);

/// <param name="Version">Of its program.</param>
/// <param name="StartedAt">When it has started.</param>
/// <param name="Running">How many scripts run, of how many.</param>
/// <param name="Waiting">Jobs that wait there.</param>
/// <param name="Clock">How far its machine's clock is off.</param>
public sealed record ShownSiloDetails(string Version, DateTimeOffset StartedAt, string Running, int Waiting, string Clock);

/// <param name="Task">The task's name.</param>
/// <param name="Customer">Its customer.</param>
/// <param name="Jobs">How many wait.</param>
public sealed record ShownQueue(string Task, string Customer, int Jobs);

/// <summary>What is used of something.</summary>
/// <param name="Name">Who uses it, or what is used.</param>
/// <param name="Uses">What is used of what.</param>
public sealed record ShownUse(string Name, params IReadOnlyList<ShownMeter> Uses);

/// <param name="Text">What is used, and the limit.</param>
/// <param name="Share">Between 0 and 1; null where there is no limit.</param>
public sealed record ShownMeter(string Text, double? Share)
{
    /// <summary>From here on it is nearly used up.</summary>
    public const double High = 0.9;
}
