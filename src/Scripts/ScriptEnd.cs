namespace SyncCluster.Scripts;

/// <summary>How a run ended.</summary>
internal enum ScriptEnd
{
    /// <summary>It ended by itself, whatever its exit code.</summary>
    Exited,

    /// <summary>It was killed because its time was over.</summary>
    TimedOut,

    /// <summary>It was killed because the caller of the runner said so: the job was canceled, or the server stops.</summary>
    Stopped,

    /// <summary>It could not be started; <see cref="ScriptRun.Fault"/> says why.</summary>
    NotStarted,
}
