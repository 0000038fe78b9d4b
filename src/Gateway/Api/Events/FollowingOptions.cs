namespace SyncCluster.Gateway.Api.Events;

/// <summary>The event streams of jobs. Section <c>Following</c>.</summary>
internal sealed class FollowingOptions
{
    public const string Section = "Following";

    /// <summary>A comment is sent after this time without an event. Default 15 s; less than the time after which proxies cut idle connections.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a client may take to read what was sent before it is disconnected. Default 30 s.</summary>
    public TimeSpan SlowReader { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a job is polled while it prints. Default 100 ms.</summary>
    public TimeSpan ShortestPause { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a job is polled while it prints nothing. Default 1 s.</summary>
    public TimeSpan LongestPause { get; set; } = TimeSpan.FromSeconds(1);
}
