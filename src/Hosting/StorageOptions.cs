using SyncCluster.Hosting.Storage;
using SyncCluster.Jobs.Retention;

namespace SyncCluster.Hosting;

/// <summary>How long, and how much, is stored. Section <c>Storage</c>.</summary>
public sealed class StorageOptions
{
    public const string Section = "Storage";

    /// <summary>
    /// How long a job's record is kept after its last change. Default 24 h; at least 13 h, since no record may expire while its job is queued or
    /// runs, and a task may run for 6 h.
    /// </summary>
    public TimeSpan JobExpiry { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// How many ended jobs of each task are kept with their content, the newest ones. Of the others only what keeps their calls from running again is
    /// kept for <see cref="JobExpiry"/>. Default: all.
    /// </summary>
    public int? KeptJobs { get; set; }

    /// <summary>What single customers have instead, by their names.</summary>
    public Dictionary<string, CustomerRetentionOptions> Customers { get; set; } = [];

    /// <summary>How many jobs are removed in a second at most, if any are before their records expire. From 1 to 10,000. Default 100.</summary>
    public int RemovalsPerSecond { get; set; } = 100;

    /// <summary>
    /// The folder in which a server in one process keeps jobs and tasks; it is made if it is not there. Default <c>data</c> in the working directory.
    /// <c>:memory:</c>: nothing is kept when the process ends.
    /// </summary>
    public string Path { get; set; } = "data";

    /// <summary>
    /// Whether a write is acknowledged only when the disk has it. Default true. Without it the end of the process loses nothing, but that of the
    /// machine may lose the last writes, and jobs whose start was among them may run again.
    /// </summary>
    public bool Synchronous { get; set; } = true;

    /// <summary>
    /// The size, in bytes, of the embedded storage, above which it takes no new jobs. The last tenth is for jobs of customers that have stored less
    /// than their share, and half of that for the ends of jobs that exist. Default 1 GiB.
    /// </summary>
    public long EmbeddedLimit { get; set; } = 1L << 30;

    /// <summary>
    /// The share of its <c>maxmemory</c> above which Redis is given no new jobs of customers that have their share of what is stored. Half of the
    /// rest is for the others, all of it for the results of jobs that run. Default 0.9.
    /// </summary>
    public double RedisShare { get; set; } = 0.9;

    /// <summary>The limit, in bytes, for a Redis without <c>maxmemory</c>. Default 0: such a Redis has no limit.</summary>
    public long RedisMemory { get; set; }

    /// <summary>Which ended jobs are removed before their records expire.</summary>
    internal RetentionRules Retention => new(KeptJobs, Customers, RemovalsPerSecond);

    /// <summary>Whether the embedded storage ends with the process.</summary>
    internal bool IsInMemory => Path == SqliteFile.InMemory;

    /// <summary>The absolute path of the folder, or <see cref="SqliteFile.InMemory"/>.</summary>
    internal string Folder => IsInMemory ? Path : System.IO.Path.GetFullPath(Path);
}
