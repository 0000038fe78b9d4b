using SyncCluster.TheEye.Http;

namespace SyncCluster.TheEye.Faults;

/// <summary>One request and its answer, for a fault to spoil.</summary>
internal abstract class Exchange(Func<Task<Answer>> act, CancellationToken stopping)
{
    private Task<Answer>? _acted;

    /// <summary>The server goes down.</summary>
    public CancellationToken Stopping => stopping;

    /// <summary>The client has gone.</summary>
    public virtual CancellationToken Left => CancellationToken.None;

    /// <summary>Faults that hang are let go.</summary>
    public CancellationToken Released { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Does what was asked; the first call of this only.</summary>
    public Task<Answer> ActAsync() => _acted ??= act();

    /// <summary>Does what was asked once more.</summary>
    public Task<Answer> ActAgainAsync() => _acted = act();

    public abstract Task ReplyAsync(Answer answer);

    /// <summary>Sends the head and half of the body, then resets the connection.</summary>
    public abstract Task CutOffAsync(Answer answer);

    public abstract void Reset();

    /// <summary>Answers nothing until the client has gone, the server stops or the fault is let go; then resets the connection.</summary>
    public async Task HangAsync()
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Left, Stopping, Released);
        await Task.Delay(Timeout.Infinite, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Reset();
    }
}
