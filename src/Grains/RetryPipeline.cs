using Polly;
using Polly.Retry;

namespace SyncCluster;

/// <summary>
/// Repeats a call until it is answered. A call that fails may have been carried out, so only calls that may be carried out twice are made this way.
/// An owner builds one pipeline and uses it for all of its calls.
/// </summary>
internal sealed class RetryPipeline
{
    private static readonly Exception NoAnswer = new InvalidOperationException("The answer was that the call has to be repeated.");

    private readonly ResiliencePipeline _attempts;
    private readonly TimeProvider _timeProvider;
    private readonly Action<Exception, string> _attemptFailed;

    /// <param name="policy">The pauses.</param>
    /// <param name="timeProvider">The clock of the pauses and limits.</param>
    /// <param name="attemptFailed">Logs an attempt that threw, with the call's subject.</param>
    public RetryPipeline(RetryPolicy policy, TimeProvider timeProvider, Action<Exception, string> attemptFailed)
    {
        _timeProvider = timeProvider;
        _attemptFailed = attemptFailed;
        _attempts = new ResiliencePipelineBuilder { TimeProvider = timeProvider }
            .AddRetry(new RetryStrategyOptions
            {
                // Without an end, as Polly defines it.
                MaxRetryAttempts = int.MaxValue,
                ShouldHandle = attempt => new(attempt.Outcome.Exception is not null),
                DelayGenerator = attempt => new(policy.PauseAfter(attempt.AttemptNumber)),
            })
            .Build();
    }

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
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, cancellation);
        try
        {
            // Polly makes no attempt for a token that is canceled, and returns the last attempt's outcome when the token is canceled later.
            var outcome = cancellation.IsCancellationRequested
                ? await AttemptAsync(subject, call, isAnswer)
                : await _attempts.ExecuteOutcomeAsync(
                    static (_, state) => state.Pipeline.AttemptAsync(state.subject, state.call, state.isAnswer),
                    context,
                    (Pipeline: this, subject, call, isAnswer));
            return outcome.Exception is null ? outcome.Result! : throw new OperationCanceledException(cancellation);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>Makes the call until it is answered, for a limited time, and says whether there was an answer within it.</summary>
    /// <inheritdoc cref="ExecuteAsync{T}(string, Func{Task{T}}, Func{T, bool}, CancellationToken)"/>
    public async Task<(bool IsAnswered, T? Answer)> ExecuteAsync<T>(string subject, Func<Task<T>> call, Func<T, bool> isAnswer, TimeSpan limit)
    {
        using var timeout = new CancellationTokenSource(limit, _timeProvider);
        try
        {
            return (true, await ExecuteAsync(subject, call, isAnswer, timeout.Token));
        }
        catch (OperationCanceledException)
        {
            return default;
        }
    }

    private async ValueTask<Outcome<T>> AttemptAsync<T>(string subject, Func<Task<T>> call, Func<T, bool> isAnswer)
    {
        try
        {
            var result = await call();
            return isAnswer(result) ? Outcome.FromResult(result) : Outcome.FromException<T>(NoAnswer);
        }
        catch (Exception fault)
        {
            _attemptFailed(fault, subject);
            return Outcome.FromException<T>(fault);
        }
    }
}
