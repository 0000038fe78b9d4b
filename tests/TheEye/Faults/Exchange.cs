using SyncCluster.TheEye.Http;

namespace SyncCluster.TheEye.Faults;

/// <summary>One request and its answer, which a fault controls.</summary>
internal abstract class Exchange(Func<Task<Answer>> act, CancellationToken stopping)
{
    private Task<Answer>? _acted;

    /// <summary>Canceled when the server goes down.</summary>
    public CancellationToken Stopping => stopping;

    /// <summary>Canceled when the client has disconnected.</summary>
    public virtual CancellationToken Left => CancellationToken.None;

    /// <summary>Canceled when hanging faults are released.</summary>
    public CancellationToken Released { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Executes the request, once; later calls return the same answer.</summary>
    public Task<Answer> ActAsync() => _acted ??= act();

    /// <summary>Executes the request once more.</summary>
    public Task<Answer> ActAgainAsync() => _acted = act();

    public abstract Task ReplyAsync(Answer answer);

    /// <summary>Sends the head and half of the body, then resets the connection.</summary>
    public abstract Task CutOffAsync(Answer answer);

    public abstract void Reset();

    /// <summary>Does not answer until the client disconnects, the server stops or the fault is released; then resets the connection.</summary>
    public async Task HangAsync()
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Left, Stopping, Released);
        await Task.Delay(Timeout.Infinite, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Reset();
    }
}
