namespace SyncCluster.Scripts;

/// <summary>A script was started but could not be supervised. It was killed at once, and may have run in part.</summary>
internal sealed class UnsupervisedScriptException(Exception cause)
    : Exception("The script was started, but the server has no descriptors or threads left to supervise it, and has killed it.", cause);
