namespace SyncCluster.Overview;

/// <summary>The cluster as one of its silos sees it.</summary>
/// <param name="Silos">Its silos, without those that are known to be dead.</param>
/// <param name="Gateways">The gateways that have said lately that they are there.</param>
[GenerateSerializer, Immutable, Alias("sync.operator.cluster")]
public sealed record ClusterReport([property: Id(0)] SiloEntry[] Silos, [property: Id(1)] GatewayReport[] Gateways);

/// <summary>A silo of the cluster.</summary>
/// <param name="Silo">Its address.</param>
/// <param name="Name">Its name.</param>
/// <param name="Status">As the membership has it.</param>
/// <param name="Report">What it says of itself; null if it has not answered.</param>
[GenerateSerializer, Immutable, Alias("sync.operator.silo")]
public sealed record SiloEntry(
    [property: Id(0)] SiloAddress Silo, [property: Id(1)] string Name, [property: Id(2)] SiloStatus Status, [property: Id(3)] SiloReport? Report);

/// <summary>What a silo says of itself.</summary>
[GenerateSerializer, Immutable, Alias("sync.operator.report")]
public sealed record SiloReport
{
    [Id(0)] public required string Version { get; init; }

    /// <summary>When its process has started.</summary>
    [Id(1)] public DateTimeOffset StartedAt { get; init; }

    /// <summary>Whether it takes no more jobs.</summary>
    [Id(2)] public bool IsStopping { get; init; }

    /// <summary>How far the cluster's clock is ahead of its machine's.</summary>
    [Id(3)] public TimeSpan ClockOffset { get; init; }

    /// <summary>Scripts that run here; in front of TheEye, jobs that it is asked about.</summary>
    [Id(4)] public int Running { get; init; }

    /// <summary>How many may run at once; null where others run them.</summary>
    [Id(5)] public int? Capacity { get; init; }

    /// <summary>Jobs that wait here: for a worker, or for their task.</summary>
    [Id(6)] public int Waiting { get; init; }

    /// <summary>The tasks that most of them are of.</summary>
    [Id(7)] public TaskQueueReport[] Queues { get; init; } = [];

    /// <summary>The customers with most jobs here.</summary>
    [Id(8)] public CustomerReport[] Customers { get; init; } = [];

    /// <summary>What the storage takes, as it was measured last.</summary>
    [Id(9)] public StorageReport[] Storage { get; init; } = [];
}

/// <summary>Jobs of a task that wait on a silo.</summary>
/// <param name="Customer">The task's customer.</param>
/// <param name="TaskId">The task.</param>
/// <param name="TaskName">Its name.</param>
/// <param name="Jobs">How many wait.</param>
[GenerateSerializer, Immutable, Alias("sync.operator.queue")]
public sealed record TaskQueueReport(
    [property: Id(0)] string Customer, [property: Id(1)] string TaskId, [property: Id(2)] string TaskName, [property: Id(3)] int Jobs);

/// <summary>What a customer uses, and may use.</summary>
/// <param name="Customer">The customer.</param>
/// <param name="Jobs">Its jobs on the silo, those that wait and those that run.</param>
/// <param name="JobLimit">How many there may be in the cluster; null for no limit.</param>
/// <param name="StoredBytes">What its jobs take in the storage of the cluster, roughly.</param>
/// <param name="StoredLimit">How much they may take; null for no limit.</param>
[GenerateSerializer, Immutable, Alias("sync.operator.customer")]
public sealed record CustomerReport(
    [property: Id(0)] string Customer,
    [property: Id(1)] int Jobs,
    [property: Id(2)] int? JobLimit,
    [property: Id(3)] long StoredBytes,
    [property: Id(4)] long? StoredLimit);

/// <summary>What a storage takes.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="UsedBytes">What it takes.</param>
/// <param name="Limit">What it may take, in bytes; null for no limit.</param>
/// <param name="IsFull">Whether it takes no new jobs, or not of all customers.</param>
[GenerateSerializer, Immutable, Alias("sync.operator.storage")]
public sealed record StorageReport(
    [property: Id(0)] string Name, [property: Id(1)] long UsedBytes, [property: Id(2)] long? Limit, [property: Id(3)] bool IsFull);

/// <summary>What a gateway says of itself.</summary>
[GenerateSerializer, Immutable, Alias("sync.operator.gateway")]
public sealed record GatewayReport
{
    /// <summary>Of this process.</summary>
    [Id(0)] public required Guid Id { get; init; }

    /// <summary>The machine's name, and the process's id.</summary>
    [Id(1)] public required string Name { get; init; }

    [Id(2)] public required string Version { get; init; }

    [Id(3)] public DateTimeOffset StartedAt { get; init; }

    /// <summary>Requests that wait for a job.</summary>
    [Id(4)] public int Waiters { get; init; }

    /// <summary>How far the cluster's clock is ahead of its machine's.</summary>
    [Id(5)] public TimeSpan ClockOffset { get; init; }
}
