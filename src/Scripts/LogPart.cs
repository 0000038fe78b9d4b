namespace SyncCluster.Scripts;

/// <summary>A part of what a script has printed.</summary>
/// <param name="From">The offset of the part in the log. It is greater than the requested one if the bytes between are not kept any more.</param>
/// <param name="Text">UTF-8.</param>
internal readonly record struct LogPart(long From, byte[] Text);
