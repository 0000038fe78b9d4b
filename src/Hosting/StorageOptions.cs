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
    /// The approximate size, in bytes, of the embedded storage. Above it, finished jobs are evicted: of the customer that holds most, the least recently
    /// used first. Default 1 GiB.
    /// </summary>
    public long EmbeddedLimit { get; set; } = 1L << 30;

    /// <summary>
    /// The share of its <c>maxmemory</c> above which Redis is given no new jobs of customers that have their share of what is stored. Half of the rest is
    /// for the others, all of it for the results of jobs that run. Default 0.9.
    /// </summary>
    public double RedisShare { get; set; } = 0.9;

    /// <summary>The limit, in bytes, for a Redis without <c>maxmemory</c>. Default 0: such a Redis has no limit.</summary>
    public long RedisMemory { get; set; }
}
