namespace SyncCluster;

/// <summary>
/// How long to pause between two attempts. The pause doubles from one to the next, up to the longest. Jitter takes a random part of it away, so that
/// callers that failed together do not come back together.
/// </summary>
/// <param name="FirstPause">The pause after the first attempt, before jitter.</param>
/// <param name="LongestPause">The limit of all pauses.</param>
internal sealed record RetryPolicy(TimeSpan FirstPause, TimeSpan LongestPause)
{
    /// <summary>The largest part of a pause that jitter may take away, from 0 to 1.</summary>
    public double Jitter { get; init; } = 0.5;

    /// <summary>Calls to the grain of a job that clients wait for.</summary>
    public static RetryPolicy GrainCall { get; } = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2));

    /// <summary>Reads that come before a call has a job: its task, or the job of the same idempotency key.</summary>
    public static RetryPolicy Lookup { get; } = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1));

    /// <summary>The import of the sample recipes at the start.</summary>
    public static RetryPolicy Import { get; } = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));

    /// <summary>A runner's calls to the grains of its jobs, and the handover of its queue.</summary>
    public static RetryPolicy Runner { get; } = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));

    /// <summary>Reports that a job of TheEye has ended.</summary>
    public static RetryPolicy Report { get; } = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2));

    /// <summary>Releases of jobs at TheEye that did not reach the supervisor.</summary>
    public static RetryPolicy Release { get; } = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2));

    /// <summary>Reads that TheEye did not answer, and of a job that its supervisor answered before the end was saved.</summary>
    public static RetryPolicy Read { get; } = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));

    /// <summary>The cancellation of jobs that were created at TheEye and never released.</summary>
    public static RetryPolicy Cleanup { get; } = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(15));

    /// <summary>The pause before an attempt is repeated.</summary>
    /// <param name="attempt">How many attempts were made before it: 0 after the first one.</param>
    public TimeSpan PauseAfter(int attempt)
    {
        var pause = Math.Min(FirstPause.Ticks * Math.Pow(2, attempt), LongestPause.Ticks);
        return TimeSpan.FromTicks((long)(pause * (1 - (Jitter * Random.Shared.NextDouble()))));
    }

    /// <summary>The pauses of one series of attempts.</summary>
    public Backoff NewBackoff() => new(this);
}
