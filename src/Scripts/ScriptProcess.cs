namespace SyncCluster.Scripts;

/// <summary>The process of a script, whose id is also the id of its group, and the reader of what the group prints.</summary>
internal abstract class ScriptProcess : IDisposable
{
    public abstract int Id { get; }

    /// <summary>The exit code: 128 plus the signal's number if a signal has killed the process.</summary>
    public abstract Task<int> Exit { get; }

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
