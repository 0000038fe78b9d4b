namespace SyncCluster.Hosting;

/// <summary>The process of a gateway or a silo.</summary>
internal sealed class ServerOptions
{
    public const string Section = "Server";

    /// <summary>How Linux schedules the threads of the server, and the scripts that it runs. Default <see cref="CpuScheduling.Batch"/>.</summary>
    public CpuScheduling CpuScheduling { get; set; } = CpuScheduling.Batch;
}

/// <summary>A policy of Linux's scheduler.</summary>
internal enum CpuScheduling
{
    /// <summary>
    /// <c>SCHED_BATCH</c>: a thread that is woken waits until the one that runs sleeps or its time is over, and does not take the processor from it.
    /// </summary>
    Batch,

    /// <summary>The policy that the process was started with.</summary>
    Inherited,
}
