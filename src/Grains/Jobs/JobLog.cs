namespace SyncCluster.Jobs;

/// <summary>A part of what a job's script has printed.</summary>
/// <param name="From">The position of the part, in bytes. If it is after the requested position, the bytes between are no longer kept.</param>
/// <param name="Text">UTF-8.</param>
[GenerateSerializer, Immutable, Alias("sync.job.log")]
public sealed record JobLog(
    [property: Id(0)] long From,
    [property: Id(1)] byte[] Text)
{
    /// <summary>The position in the log after this part.</summary>
    public long Next => From + Text.Length;
}
