namespace SyncCluster.Cluster.Tests.ConnectionLoss;

/// <summary>When the connection of a client breaks: one of three moments.</summary>
/// <param name="AfterSent">After so many bytes of the request.</param>
/// <param name="AfterRequest">So long after the whole request was sent.</param>
/// <param name="AfterRead">After so many bytes of the answer.</param>
/// <param name="Resets">Whether the server finds the connection reset, and not closed.</param>
internal sealed record ConnectionBreak(int? AfterSent, TimeSpan? AfterRequest, int? AfterRead, bool Resets)
{
    /// <summary>More bytes than a request has: some of these breaks come right after it.</summary>
    private const int Request = 420;

    /// <summary>More bytes than most answers have: some of these breaks do not come.</summary>
    private const int Answer = 1200;

    /// <param name="random">Chooses.</param>
    /// <param name="run">How long the script of the call takes.</param>
    public static ConnectionBreak Next(Random random, TimeSpan run)
    {
        var resets = random.Next(2) == 0;
        return random.Next(10) switch
        {
            0 => new(random.Next(Request), null, null, resets),

            // Right after the request: before the job exists, or just when it does.
            1 or 2 => new(null, TimeSpan.FromMilliseconds(Math.Exp(random.NextDouble() * Math.Log(30)) - 1), null, resets),

            // While the script runs.
            3 or 4 => new(null, random.NextDouble() * (run + TimeSpan.FromMilliseconds(20)), null, resets),

            // About when the script ends: its result is stored, pushed and answered then.
            5 or 6 or 7 => new(null, run + TimeSpan.FromMilliseconds(random.Next(10, 80)), null, resets),
            _ => new(null, null, 1 + random.Next(random.Next(4) == 0 ? 100 * Answer : Answer), resets),
        };
    }

    /// <summary>The kind of the moment.</summary>
    public override string ToString() =>
        AfterSent is not null ? "in the request" : AfterRequest is not null ? "while it waited" : "in the answer";
}
