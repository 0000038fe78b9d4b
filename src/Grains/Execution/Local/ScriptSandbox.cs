namespace SyncCluster.Execution.Local;

/// <summary>What confines scripts. The names are values of the setting <c>LocalExecutor:Sandbox</c>.</summary>
internal enum ScriptSandbox
{
    /// <summary>Nothing but the rights of their user.</summary>
    None,

    /// <summary>The program <c>bwrap</c>.</summary>
    Bubblewrap,
}
