using SyncCluster.Storage;

namespace SyncCluster.Grains.Tests.Storage;

public sealed class FairEvictionTests
{
    [Fact]
    public void The_oldest_entries_of_the_customer_that_holds_most_are_evicted() =>
        Assert.Equal(["acme 0", "acme 1", "acme 2"], Choose(30, [.. Entries("acme", 8), .. Entries("globex", 4)]));

    [Fact]
    public void When_two_customers_hold_the_same_both_lose_some() =>
        Assert.Equal(["acme 0", "globex 0", "acme 1", "globex 1"], Choose(40, [.. Entries("acme", 4), .. Entries("globex", 4)]).Order(StringComparer.Ordinal).OrderBy(name => name[^1]));

    [Fact]
    public void A_customer_that_holds_most_but_nothing_that_may_be_evicted_is_passed_over() =>
        Assert.Equal(["globex 0"], Choose(10, [.. Entries("acme", 8, mayBeEvicted: false), .. Entries("globex", 2)]));

    [Fact]
    public void What_may_not_be_evicted_counts_for_its_customer() =>
        Assert.Equal(["acme 9"], Choose(10, [.. Entries("acme", 4, mayBeEvicted: false), new("acme", 9, true), .. Entries("globex", 4)]));

    [Fact]
    public void No_more_is_evicted_than_there_is() => Assert.Equal(2, Choose(1000, Entries("acme", 2)).Length);

    [Fact]
    public void Nothing_is_evicted_when_nothing_is_to_be_freed() => Assert.Empty(Choose(0, Entries("acme", 2)));

    private static Candidate[] Entries(string customer, int count, bool mayBeEvicted = true) =>
        [.. Enumerable.Range(0, count).Select(number => new Candidate(customer, number, mayBeEvicted)).Reverse()];

    private static string[] Choose(long bytes, Candidate[] entries) => [.. FairEviction.Choose(entries, bytes).Select(entry => $"{entry.Customer} {entry.LastUsed}")];

    private sealed record Candidate(string Customer, long LastUsed, bool MayBeEvicted) : IEvictionCandidate
    {
        public long Size => 10;
    }
}
