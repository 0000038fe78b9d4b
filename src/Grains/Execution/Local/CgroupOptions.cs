namespace SyncCluster.Execution.Local;

/// <summary>What all processes of a job together may use, by a control group (cgroup v2) for each job. Section <c>LocalExecutor:Cgroup</c>.</summary>
internal sealed class CgroupOptions
{
    /// <summary>
    /// The folder of the control group in which the server makes those of its jobs, below <c>/sys/fs/cgroup</c>. Default none: jobs have no control
    /// groups.
    /// </summary>
    public string? Folder { get; set; }

    /// <summary>Bytes of memory of a job; above it the kernel kills. Default 0: no limit.</summary>
    public long Memory { get; set; }

    /// <summary>Processes and threads of a job at once. Default 0: no limit.</summary>
    public int Processes { get; set; }

    /// <summary>Processors of a job, such as 0.5 or 2; above it the job is slowed down. Default 0: no limit.</summary>
    public double Cpu { get; set; }
}
