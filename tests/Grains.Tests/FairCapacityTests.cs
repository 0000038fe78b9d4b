namespace SyncCluster.Grains.Tests;

/// <summary>How much of a capacity each customer may have.</summary>
public sealed class FairCapacityTests
{
    private readonly FairCapacity _capacity = new(12);

    [Fact]
    public void A_single_customer_may_use_the_limit_and_no_more()
    {
        Assert.Equal(12, Fill("acme"));
    }

    [Fact]
    public void A_customer_that_comes_when_others_have_used_it_up_still_gets_a_part()
    {
        Fill("acme");
        Assert.Equal(6, Fill("globex"));
        Assert.Equal(3, Fill("initech"));
        Assert.Equal(0, Fill("acme") + Fill("globex") + Fill("initech"));
        Assert.True(_capacity.TryReserve("umbrella"));
    }

    [Fact]
    public void All_customers_together_may_use_twice_the_limit()
    {
        Assert.Equal(24, Enumerable.Range(0, 30).Sum(customer => Fill($"customer {customer}")));
    }

    [Fact]
    public void A_customer_that_has_much_gets_no_more_until_it_has_less_than_what_is_left()
    {
        Fill("acme");
        Fill("globex");
        for (var ended = 0; ended < 3; ended++)
        {
            _capacity.Release("acme");
            Assert.False(_capacity.TryReserve("acme"));
            Assert.True(_capacity.TryReserve($"customer {ended}"));
            _capacity.Release($"customer {ended}");
        }

        _capacity.Release("acme");
        Assert.True(_capacity.TryReserve("acme"));
    }

    [Fact]
    public void A_customer_without_reservations_has_no_share()
    {
        Fill("acme");
        Assert.True(_capacity.TryReserve("globex"));
        _capacity.Release("globex");
        _capacity.Release("acme");
        Assert.True(_capacity.TryReserve("acme"));
    }

    [Fact]
    public void A_reservation_that_was_made_before_is_kept_even_above_the_limit()
    {
        Fill("acme");
        _capacity.Reserve("acme");
        _capacity.Release("acme");
        Assert.False(_capacity.TryReserve("acme"));
    }

    [Fact]
    public void A_customer_gets_no_more_than_its_quota()
    {
        Assert.True(_capacity.TryReserve("acme", quota: 1));
        Assert.False(_capacity.TryReserve("acme", quota: 1));
        Assert.False(_capacity.TryMove("globex", "acme", quota: 1));
        Assert.Equal(1, _capacity.Of("acme"));
    }

    [Fact]
    public void A_reservation_that_becomes_another_customers_counts_for_that_customer_only()
    {
        Fill("acme");
        Assert.False(_capacity.TryMove("acme", "acme"));
        Assert.True(_capacity.TryMove("acme", "globex"));
        Assert.Equal((11, 1), (_capacity.Of("acme"), _capacity.Of("globex")));
    }

    private int Fill(string customer)
    {
        var taken = 0;
        while (_capacity.TryReserve(customer))
        {
            taken++;
        }

        return taken;
    }
}
