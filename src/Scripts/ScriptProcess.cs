namespace SyncCluster.Scripts;

/// <summary>A script's process, whose id is also that of its group, and the reading of what it and all that it started print.</summary>
internal abstract class ScriptProcess : IDisposable
{
    public abstract int Id { get; }

    /// <summary>The exit code, 128 and the signal's number where one has killed it.</summary>
    public abstract Task<int> Exit { get; }

    /// <summary>Whether it has ended, also in the moment before <see cref="Exit"/> says so.</summary>
    public abstract bool HasExited { get; }

    /// <summary>After the exit: waits until nobody holds the output any more, but not for ever. Whoever still does then is not heard.</summary>
    public abstract Task FinishAsync(TimeSpan atMost, TimeProvider time);

    public abstract void Dispose();

    /// <summary>Disposes of it once it has ended and its output is read.</summary>
    public async Task DisposeAfterExitAsync(TimeSpan outputAtMost, TimeProvider time)
    {
        await ((Task)Exit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await FinishAsync(outputAtMost, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Dispose();
    }
}
