namespace SyncCluster.Scripts;

/// <summary>A script was started, but what it takes to watch over it was not to be had: it was killed at once, and may have run in part.</summary>
internal sealed class UnwatchedScriptException(Exception cause)
    : Exception("The script was started, but the server has no descriptors or threads left to watch over it, and has killed it.", cause);
