namespace SyncCluster.Gateway.Waiting;

/// <summary>How long calls wait. Section <c>Waiting</c>.</summary>
internal sealed class WaitingOptions
{
    public const string Section = "Waiting";

    /// <summary>The longest wait for an answer; a job goes on after it. Default 660 s. Behind a proxy: less than the proxy's own limit.</summary>
    public TimeSpan Maximum { get; set; } = TimeSpan.FromSeconds(660);

    /// <summary>How long waits may go on when the server was told to stop; then they are answered 503. Default 10 s.</summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a waiting gateway asks a job's grain again, with a tenth of jitter. Default 60 s.</summary>
    public TimeSpan AttachInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long before the end of a wait the last look is taken. Default 2 s; for a short wait a quarter of it.</summary>
    public TimeSpan LastAttach { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a call is tried again while the cluster or its storage can't be reached. Default 5 s.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether the times are times.</summary>
    public static bool IsSensible(WaitingOptions options)
    {
        TimeSpan[] times = [options.Maximum, options.DrainTime, options.AttachInterval, options.LastAttach, options.Patience];
        return times.All(time => time > TimeSpan.Zero && time <= TimeSpan.FromDays(1));
    }
}
