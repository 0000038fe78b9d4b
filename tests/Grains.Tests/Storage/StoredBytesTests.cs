using SyncCluster.Storage;

namespace SyncCluster.Grains.Tests.Storage;

public sealed class StoredBytesTests
{
    private readonly StoredBytes _bytes = new();

    [Fact]
    public void What_a_customer_has_is_what_all_silos_have_shared_and_what_this_one_has_added_since()
    {
        _bytes.Add("acme", 5);
        Assert.Equal([KeyValuePair.Create("acme", 5L)], _bytes.TakeAdded());
        _bytes.Add("acme", 2);
        _bytes.Share(new Dictionary<string, long> { ["acme"] = 100 });
        Assert.Equal((102, 0), (_bytes.Of("acme"), _bytes.Of("globex")));
        _bytes.Add("acme", -200);
        Assert.Equal(0, _bytes.Of("acme"));
    }

    [Fact]
    public void A_customer_has_its_share_if_it_has_as_much_as_the_others_on_average()
    {
        _bytes.Add("acme", 100);
        _bytes.Add("globex", 10);
        _bytes.Share(new Dictionary<string, long> { ["initech"] = 40, ["gone"] = 0 });
        Assert.Equal([true, false, false, false], new[] { "acme", "globex", "initech", "new" }.Select(_bytes.HasShare));
    }

    [Fact]
    public void A_customer_that_is_alone_has_its_share()
    {
        Assert.True(_bytes.HasShare("acme"));
        _bytes.Add("acme", 1);
        Assert.True(_bytes.HasShare("acme"));
        Assert.False(_bytes.HasShare("globex"));
    }
}
