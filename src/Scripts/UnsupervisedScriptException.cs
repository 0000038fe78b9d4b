namespace SyncCluster.Scripts;

/// <summary>A script was started but could not be supervised. It may have run in part, and must not be started again.</summary>
/// <param name="isKilled">Whether it was killed at once. False: this server may not kill it.</param>
/// <param name="cause">Why it could not be supervised.</param>
internal sealed class UnsupervisedScriptException(bool isKilled, Exception cause)
    : Exception("The script was started, but the server has no descriptors or threads left to supervise it.", cause)
{
    public bool IsKilled => isKilled;
}
