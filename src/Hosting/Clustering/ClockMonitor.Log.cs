namespace SyncCluster.Hosting.Clustering;

internal sealed partial class ClockMonitor
{
    [LoggerMessage(EventId = 3140, Message = "The clock of this machine is {Seconds:F1} s {Direction} that of Redis. Have both set by NTP.")]
    private partial void LogSkew(LogLevel level, double seconds, string direction);

    [LoggerMessage(3141, LogLevel.Information, "The clock of this machine agrees with that of Redis again.")]
    private partial void LogRight();
}
