using SyncCluster.Quotas;

namespace SyncCluster.Grains.Tests.Quotas;

public sealed class JobQuotaOptionsTests
{
    [Fact]
    public void By_default_there_is_no_limit() => Assert.True(new JobQuotaOptions().Of("acme", "greet").IsUnlimited);

    [Fact]
    public void The_limit_of_a_customer_or_task_overrides_the_general_one()
    {
        var limits = new JobQuotaOptions
        {
            PerCustomer = 10,
            PerTask = 5,
            Customers = { ["acme"] = new() { Jobs = 100, Tasks = { ["greet"] = 1 } }, ["globex"] = new() { PerTask = 7 } },
        };
        Assert.Equal(new(10, 5), limits.Of("initech", "greet"));
        Assert.Equal(new(100, 1), limits.Of("acme", "greet"));
        Assert.Equal(new(100, 5), limits.Of("acme", "part"));
        Assert.Equal(new(10, 7), limits.Of("globex", "greet"));
    }

    [Fact]
    public void The_stored_bytes_of_a_customer_override_the_general_ones()
    {
        var limits = new JobQuotaOptions { StoredBytes = 2 << 20, Customers = { ["acme"] = new() { StoredBytes = 1 << 20 }, ["globex"] = new() } };
        Assert.Equal((1 << 20, 2 << 20, 2 << 20), (limits.StoredBytesOf("acme"), limits.StoredBytesOf("globex"), limits.StoredBytesOf("initech")));
        Assert.Null(new JobQuotaOptions().StoredBytesOf("acme"));
        Assert.Equal(
            "Limits:Jobs:Customers:acme:StoredBytes must be 1048576 bytes or more.",
            new JobQuotaOptionsValidator().Validate(null, new() { Customers = { ["acme"] = new() { StoredBytes = 1 } } }).FailureMessage);
    }

    [Fact]
    public void A_negative_limit_is_rejected_by_the_name_of_its_setting()
    {
        Assert.Null(FailureOf(new() { PerCustomer = 0, Customers = { ["acme"] = new() { Tasks = { ["greet"] = 0 } } } }));
        Assert.Equal("Limits:Jobs:PerTask must be 0 or more.", FailureOf(new() { PerTask = -1 }));
        Assert.Equal(
            "Limits:Jobs:Customers:acme:Tasks:greet must be 0 or more.",
            FailureOf(new() { Customers = { ["acme"] = new() { Tasks = { ["greet"] = -1 } } } }));

        static string? FailureOf(JobQuotaOptions options) => new JobQuotaOptionsValidator().Validate(null, options).FailureMessage;
    }
}
