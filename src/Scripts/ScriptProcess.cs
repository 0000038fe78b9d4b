namespace SyncCluster.Scripts;

/// <summary>The process of a script, whose id is also the id of its group, and the reader of what the group prints.</summary>
internal abstract class ScriptProcess : IDisposable
{
    public abstract int Id { get; }

    /// <summary>
    /// Whether a program of this server stands between it and the script, and reports the script's end in its own exit code: a shell, a sandbox.
    /// </summary>
    public bool IsWrapped { get; init; }

    /// <summary>How the process has ended.</summary>
    public abstract Task<ExitStatus> Exit { get; }

    /// <summary>Whether the process has ended, also in the moment before <see cref="Exit"/> completes.</summary>
    public abstract bool HasExited { get; }

    /// <summary>After the exit: waits for a limited time until the output is read to its end. What is printed later is lost.</summary>
    public abstract Task FinishAsync(TimeSpan atMost, TimeProvider time);

    public abstract void Dispose();

    /// <summary>Disposes of this once the process has ended and its output is read.</summary>
    public async Task DisposeAfterExitAsync(TimeSpan outputAtMost, TimeProvider time)
    {
        await ((Task)Exit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await FinishAsync(outputAtMost, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Dispose();
    }
}
