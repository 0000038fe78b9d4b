namespace SyncCluster.Execution.Local;

/// <summary>How a silo runs scripts.</summary>
internal sealed class LocalExecutorOptions
{
    public const string Section = "LocalExecutor";

    /// <summary>How many scripts run at once on this silo. Default four per core: most scripts spend most of their time waiting.</summary>
    public int Concurrency { get; set; } = 4 * Environment.ProcessorCount;

    /// <summary>
    /// How many workers are reserved for customers that use less than their share, while several customers call: a customer that calls now and then
    /// does not wait until the scripts of another one have ended. Default an eighth of <see cref="Concurrency"/>, at least 1; 0 if that is less than
    /// 4.
    /// </summary>
    public int? Spare { get; set; }

    /// <summary><see cref="Spare"/>, or its default.</summary>
    internal int ReservedWorkers => Spare ?? (Concurrency < 4 ? 0 : Math.Max(1, Concurrency / 8));

    /// <summary>How many jobs may wait on this silo before it refuses more. Default 1000.</summary>
    public int QueueLimit { get; set; } = 1000;

    /// <summary>How long running scripts may go on when the silo stops, before they are killed. Default 10 s.</summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a script may clean up after SIGTERM before it gets SIGKILL. Default 5 s.</summary>
    public TimeSpan KillGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether stored jobs end with this process, as in the embedded mode. Set by the host, not by configuration.</summary>
    internal bool JobsEndWithTheProcess { get; set; }
}
