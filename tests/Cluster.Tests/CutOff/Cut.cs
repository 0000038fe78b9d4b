namespace SyncCluster.Cluster.Tests.CutOff;

/// <summary>When a client's connection breaks: one of three moments.</summary>
/// <param name="Sent">After so many bytes of the request.</param>
/// <param name="Later">So long after all of the request was sent.</param>
/// <param name="Read">After so many bytes of the answer.</param>
/// <param name="Resets">Whether the other side finds the connection reset, and not closed.</param>
internal sealed record Cut(int? Sent, TimeSpan? Later, int? Read, bool Resets)
{
    /// <summary>More than a request has: some of these cuts come right after it.</summary>
    private const int Request = 420;

    /// <summary>More than most answers have: some of these cuts do not come.</summary>
    private const int Answer = 1200;

    /// <param name="random">Chooses.</param>
    /// <param name="run">How long the call's script takes.</param>
    public static Cut Any(Random random, TimeSpan run)
    {
        var resets = random.Next(2) == 0;
        return random.Next(10) switch
        {
            0 => new(random.Next(Request), null, null, resets),

            // Right after the request, before there is a job or just when there is.
            1 or 2 => new(null, TimeSpan.FromMilliseconds(Math.Exp(random.NextDouble() * Math.Log(30)) - 1), null, resets),

            // While the script runs.
            3 or 4 => new(null, random.NextDouble() * (run + TimeSpan.FromMilliseconds(20)), null, resets),

            // About when it ends: its end is stored, told and answered.
            5 or 6 or 7 => new(null, run + TimeSpan.FromMilliseconds(random.Next(10, 80)), null, resets),
            _ => new(null, null, 1 + random.Next(random.Next(4) == 0 ? 100 * Answer : Answer), resets),
        };
    }

    /// <summary>Which kind of moment it is.</summary>
    public override string ToString() =>
        Sent is not null ? "in the request" : Later is not null ? "while it waited" : "in the answer";
}
