namespace SyncCluster;

/// <summary>
/// Repeats a call until it is answered. A call that fails may have been carried out, so only calls that may be carried out twice are made this way.
/// An owner builds one pipeline and uses it for all of its calls.
/// </summary>
/// <param name="policy">The pauses.</param>
/// <param name="timeProvider">The clock of the pauses and limits.</param>
/// <param name="attemptFailed">Logs an attempt that threw, with the call's subject.</param>
internal sealed class RetryPipeline(RetryPolicy policy, TimeProvider timeProvider, Action<Exception, string> attemptFailed)
{
    /// <summary>
    /// Makes the call until it is answered. The first attempt is made even if <paramref name="cancellation"/> was requested before.
    /// </summary>
    /// <param name="subject">The subject of the call, for the log: a job's id, for instance.</param>
    /// <param name="call">The call.</param>
    /// <param name="isAnswer">Whether a result is an answer. One that is not has the call repeated.</param>
    /// <param name="cancellation">Ends the repetition. An attempt that is under way is awaited, and its answer counts.</param>
    /// <exception cref="OperationCanceledException">There was no answer before <paramref name="cancellation"/> was requested.</exception>
    public async Task<T> ExecuteAsync<T>(string subject, Func<Task<T>> call, Func<T, bool> isAnswer, CancellationToken cancellation)
    {
        for (var backoff = policy.NewBackoff(); ;)
        {
            try
            {
                var result = await call();
                if (isAnswer(result))
                {
                    return result;
                }
            }
            catch (Exception fault)
            {
                attemptFailed(fault, subject);
            }

            await Task.Delay(backoff.Next(), timeProvider, cancellation);
        }
    }

    /// <summary>Makes the call until it is answered, for a limited time, and says whether there was an answer within it.</summary>
    /// <inheritdoc cref="ExecuteAsync{T}(string, Func{Task{T}}, Func{T, bool}, CancellationToken)"/>
    public async Task<(bool IsAnswered, T? Answer)> ExecuteAsync<T>(string subject, Func<Task<T>> call, Func<T, bool> isAnswer, TimeSpan limit)
    {
        using var timeout = new CancellationTokenSource(limit, timeProvider);
        try
        {
            return (true, await ExecuteAsync(subject, call, isAnswer, timeout.Token));
        }
        catch (OperationCanceledException)
        {
            return default;
        }
    }
}
