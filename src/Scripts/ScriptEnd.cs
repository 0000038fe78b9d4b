namespace SyncCluster.Scripts;

/// <summary>How a run ended.</summary>
internal enum ScriptEnd
{
    /// <summary>The script ended by itself, with any exit code, or by a signal that the runner did not send.</summary>
    Exited,

    /// <summary>The script was killed at its timeout.</summary>
    TimedOut,

    /// <summary>The script was killed because the runner's caller stopped it: the job was canceled, or the server stops.</summary>
    Stopped,

    /// <summary>The script could not be started, or it printed and exited like a shell that can't; <see cref="ScriptRun.Fault"/> says why.</summary>
    NotStarted,
}
