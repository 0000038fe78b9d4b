namespace SyncCluster.Gateway.Api.Events;

/// <summary>How jobs are followed live. Section <c>Following</c>.</summary>
internal sealed class FollowingOptions
{
    public const string Section = "Following";

    /// <summary>How long nothing is sent before a comment is. Default 15 s; less than what proxies cut idle connections after.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a client may take to read what was sent before it is cut off. Default 30 s.</summary>
    public TimeSpan SlowReader { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a job is looked at while it prints. Default 100 ms.</summary>
    public TimeSpan ShortestPause { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a job is looked at that prints nothing. Default 1 s.</summary>
    public TimeSpan LongestPause { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether the times are times.</summary>
    public static bool IsSensible(FollowingOptions options)
    {
        TimeSpan[] times = [options.Heartbeat, options.SlowReader, options.ShortestPause, options.LongestPause];
        return times.All(time => time > TimeSpan.Zero && time <= TimeSpan.FromHours(1)) && options.ShortestPause <= options.LongestPause;
    }
}
