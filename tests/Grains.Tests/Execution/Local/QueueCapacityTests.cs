using SyncCluster.Execution.Local;

namespace SyncCluster.Grains.Tests.Execution.Local;

/// <summary>How many jobs each customer may have in the queue.</summary>
public sealed class QueueCapacityTests
{
    private readonly QueueCapacity _capacity = new(12);

    [Fact]
    public void A_single_customer_may_fill_the_queue_and_no_more()
    {
        Assert.Equal(12, Fill("acme"));
    }

    [Fact]
    public void A_full_queue_accepts_jobs_of_a_customer_with_less_than_its_share()
    {
        Fill("acme");
        Assert.Equal(6, Fill("globex"));
        Assert.Equal(4, Fill("initech"));
        Assert.Equal(0, Fill("acme") + Fill("globex"));
    }

    [Fact]
    public void All_customers_together_may_use_twice_the_limit()
    {
        Assert.Equal(24, Enumerable.Range(0, 30).Sum(customer => Fill($"customer {customer}")));
    }

    [Fact]
    public void A_customer_that_filled_the_queue_gets_no_more_until_the_others_have_their_share()
    {
        Fill("acme");
        Fill("globex");
        for (var ended = 0; ended < 6; ended++)
        {
            _capacity.Release("acme");
            Assert.False(_capacity.TryReserve("acme"));
        }

        _capacity.Release("globex");
        Assert.True(_capacity.TryReserve("globex"));
    }

    [Fact]
    public void A_customer_without_jobs_has_no_share()
    {
        Fill("acme");
        Assert.True(_capacity.TryReserve("globex"));
        _capacity.Release("globex");
        _capacity.Release("acme");
        Assert.True(_capacity.TryReserve("acme"));
    }

    [Fact]
    public void A_job_that_was_accepted_before_is_added_to_a_full_queue()
    {
        Fill("acme");
        _capacity.Reserve("acme");
        _capacity.Release("acme");
        Assert.False(_capacity.TryReserve("acme"));
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
