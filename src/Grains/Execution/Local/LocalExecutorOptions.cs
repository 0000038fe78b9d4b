namespace SyncCluster.Execution.Local;

/// <summary>How a silo runs scripts.</summary>
internal sealed class LocalExecutorOptions
{
    public const string Section = "LocalExecutor";

    /// <summary>How many scripts run at once on this silo. Default four a core: most scripts wait for something else most of their time.</summary>
    public int Concurrency { get; set; } = 4 * Environment.ProcessorCount;

    /// <summary>
    /// How many workers are kept free for customers that have less than their share of them, while there are several: who calls now and then does not
    /// wait until another one's scripts have ended. Default an eighth, at least 1; none of less than 4.
    /// </summary>
    public int? Spare { get; set; }

    /// <summary><see cref="Spare"/>, or its default.</summary>
    internal int SpareWorkers => Spare ?? (Concurrency < 4 ? 0 : Math.Max(1, Concurrency / 8));

    /// <summary>How many jobs may wait for their turn on this silo before it refuses more. Default 1000.</summary>
    public int QueueLimit { get; set; } = 1000;

    /// <summary>How long a silo that stops lets running scripts end by themselves. Default 10 s.</summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a script that got SIGTERM may clean up before it gets SIGKILL. Default 5 s.</summary>
    public TimeSpan KillGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether what is stored of jobs ends with this process, as in the embedded mode: no configuration, but what the host knows.</summary>
    internal bool JobsEndWithTheProcess { get; set; }
}
