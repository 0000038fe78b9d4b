namespace SyncCluster.Scripts;

/// <summary>A part of what a script has printed.</summary>
/// <param name="From">How many bytes of the log come before it. More than was asked for: the bytes between are not kept any more.</param>
/// <param name="Text">UTF-8.</param>
internal readonly record struct LogPart(long From, byte[] Text);
