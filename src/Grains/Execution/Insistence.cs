namespace SyncCluster.Execution;

/// <summary>How an executor asks a grain for what it can't do without.</summary>
internal static class Insistence
{
    /// <summary>Asks until there is an answer: a call that fails has perhaps been carried out, and all that are made so may be repeated.</summary>
    /// <param name="ask">The call.</param>
    /// <param name="isAnswer">Whether what it gave is an answer.</param>
    /// <param name="failed">Told of each call that threw.</param>
    /// <param name="backoff">The pauses between.</param>
    /// <param name="timeProvider">Whose time passes in them.</param>
    /// <param name="giveUp">Ends it, in a pause.</param>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public static async Task<T> AskAsync<T>(
        Func<Task<T>> ask, Func<T, bool> isAnswer, Action<Exception> failed, Backoff backoff, TimeProvider timeProvider, CancellationToken giveUp)
    {
        while (true)
        {
            try
            {
                var answer = await ask();
                if (isAnswer(answer))
                {
                    return answer;
                }
            }
            catch (Exception fault)
            {
                failed(fault);
            }

            await Task.Delay(backoff.Next(), timeProvider, giveUp);
        }
    }

    /// <summary>Asks so for a limited time, and says whether there was an answer in it.</summary>
    /// <inheritdoc cref="AskAsync{T}"/>
    public static async Task<(bool IsAnswered, T? Answer)> AskForAsync<T>(
        Func<Task<T>> ask, Func<T, bool> isAnswer, Action<Exception> failed, Backoff backoff, TimeProvider timeProvider, TimeSpan limit)
    {
        using var giveUp = new CancellationTokenSource(limit, timeProvider);
        try
        {
            return (true, await AskAsync(ask, isAnswer, failed, backoff, timeProvider, giveUp.Token));
        }
        catch (OperationCanceledException)
        {
            return default;
        }
    }
}
