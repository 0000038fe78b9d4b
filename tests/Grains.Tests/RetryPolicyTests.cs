namespace SyncCluster.Grains.Tests;

/// <summary>The pauses between the attempts of a call that is repeated.</summary>
public sealed class RetryPolicyTests
{
    private static readonly RetryPolicy Policy = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));

    [Fact]
    public void The_pauses_double_up_to_the_longest()
    {
        var backoff = (Policy with { Jitter = 0 }).NewBackoff();
        Assert.Equal([100, 200, 400, 800, 1000, 1000], Enumerable.Range(0, 6).Select(_ => backoff.Next().TotalMilliseconds));
    }

    [Theory]
    [InlineData(0, 100)]
    [InlineData(2, 400)]
    [InlineData(4, 1000)]
    [InlineData(62, 1000)]
    [InlineData(5_000, 1000)]
    [InlineData(int.MaxValue, 1000)]
    public void Jitter_takes_up_to_half_of_a_pause_away_and_adds_nothing(int attempt, int milliseconds)
    {
        var pauses = Enumerable.Range(0, 1_000).Select(_ => Policy.PauseAfter(attempt).TotalMilliseconds).ToArray();
        Assert.All(pauses, pause => Assert.InRange(pause, milliseconds / 2.0, milliseconds));
        Assert.True(pauses.Distinct().Count() > 900);
    }
}
