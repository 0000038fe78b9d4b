namespace SyncCluster.Execution.Local;

/// <summary>What each process of a script may use. Section <c>LocalExecutor:Limits</c>.</summary>
internal sealed class ScriptLimitOptions
{
    private const long GiB = 1L << 30;

    /// <summary>The size of a file that a process writes, in bytes. Default 4 GiB; 0: no limit.</summary>
    public long FileSize { get; set; } = 4 * GiB;

    /// <summary>
    /// The memory of a process of its own, in bytes. Default half of the memory that the server may use, at least 4 GiB: runtimes reserve more than
    /// they use. 0: no limit.
    /// </summary>
    public long Data { get; set; } = Math.Max(4 * GiB, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2);

    /// <summary>The CPU time of a process. Default, and at most, what all processors can give it until its script's timeout.</summary>
    public TimeSpan? Cpu { get; set; }

    /// <summary>The processes and threads of a customer on this silo, if its scripts run as a user of their own. Default 2048; 0: no limit.</summary>
    public int Processes { get; set; } = 2048;
}
