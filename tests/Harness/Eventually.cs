namespace SyncCluster.Harness;

/// <summary>Waits for what another thread, process or server brings about.</summary>
public static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Waits until a condition holds, for a minute at most.</summary>
    /// <param name="condition">What is waited for.</param>
    /// <param name="what">The condition in words, for the exception.</param>
    /// <exception cref="TimeoutException">The condition does not hold after a minute.</exception>
    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(() => Task.FromResult(condition()), what);

    /// <inheritdoc cref="TrueAsync(Func{bool}, string)"/>
    public static Task TrueAsync(Func<Task<bool>> condition, string what) => TrueAsync(condition, what, Limit);

    /// <summary>Waits until a condition holds, for a limited time.</summary>
    /// <param name="condition">What is waited for.</param>
    /// <param name="what">The condition in words, for the exception.</param>
    /// <param name="limit">The longest wait.</param>
    /// <exception cref="TimeoutException">The condition does not hold at the end of that time.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan limit)
    {
        using var end = new CancellationTokenSource(limit);
        using var timer = new PeriodicTimer(Interval);
        while (!await condition())
        {
            try
            {
                await timer.WaitForNextTickAsync(end.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"Not reached within {limit.TotalSeconds:0} s: {what}.");
            }
        }
    }
}
