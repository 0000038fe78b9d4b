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
    public static async Task TrueAsync(Func<Task<bool>> condition, string what)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var timer = new PeriodicTimer(Interval);
        while (!await condition())
        {
            try
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"Not reached within {Limit.TotalSeconds:0} s: {what}.");
            }
        }
    }
}
