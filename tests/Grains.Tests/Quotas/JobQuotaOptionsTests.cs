using SyncCluster.Jobs;
using SyncCluster.Quotas;

namespace SyncCluster.Grains.Tests.Quotas;

public sealed class JobQuotaOptionsTests
{
    [Fact]
    public void By_default_there_is_no_limit() => Assert.Equal((null, null), new JobQuotaOptions().Of("acme", "greet"));

    [Fact]
    public void What_is_said_of_a_customer_or_task_counts_before_what_is_said_of_all()
    {
        var limits = new JobQuotaOptions
        {
            PerCustomer = 10,
            PerTask = 5,
            Customers = { ["acme"] = new() { Jobs = 100, Tasks = { ["greet"] = 1 } }, ["globex"] = new() { PerTask = 7 } },
        };
        Assert.Equal((10, 5), limits.Of("initech", "greet"));
        Assert.Equal((100, 1), limits.Of("acme", "greet"));
        Assert.Equal((100, 5), limits.Of("acme", "part"));
        Assert.Equal((10, 7), limits.Of("globex", "greet"));
    }

    [Fact]
    public void A_negative_limit_makes_no_sense()
    {
        Assert.Null(FailureOf(new() { PerCustomer = 0, Customers = { ["acme"] = new() { Tasks = { ["greet"] = 0 } } } }));
        Assert.Equal("Limits:Jobs:PerTask must be 0 or more.", FailureOf(new() { PerTask = -1 }));
        Assert.Equal(
            "Limits:Jobs:Customers:acme:Tasks:greet must be 0 or more.",
            FailureOf(new() { Customers = { ["acme"] = new() { Tasks = { ["greet"] = -1 } } } }));

        static string? FailureOf(JobQuotaOptions options) => new JobQuotaOptionsValidator().Validate(null, options).FailureMessage;
    }

    [Fact]
    public void A_job_counts_once_and_gives_its_place_back_once()
    {
        var count = new Quota();
        Assert.Null(count.TryTake(new("1", "greet"), (2, null), 0));
        Assert.Null(count.TryTake(new("1", "greet"), (2, null), 0));
        count.Add(new("1", "greet"), 0);
        Assert.Null(count.TryTake(new("2", "part"), (2, null), 0));
        Assert.Equal(new JobReply.QuotaExceeded(QuotaScope.Customer, 2), count.TryTake(new("3", "part"), (2, null), 0));
        count.Remove("1");
        count.Remove("1");
        Assert.Null(count.TryTake(new("3", "part"), (2, null), 0));
        Assert.Equal(2, count.Count);
    }

    [Fact]
    public void A_tasks_limit_counts_its_own_jobs()
    {
        var count = new Quota();
        Assert.Null(count.TryTake(new("1", "greet"), (null, 1), 0));
        Assert.Null(count.TryTake(new("2", "part"), (null, 1), 0));
        Assert.Equal(new JobReply.QuotaExceeded(QuotaScope.Task, 1), count.TryTake(new("3", "greet"), (null, 1), 0));
        count.Remove("1");
        Assert.Null(count.TryTake(new("3", "greet"), (null, 1), 0));
    }

    [Fact]
    public void A_limit_of_none_lets_none_in() =>
        Assert.Equal(new JobReply.QuotaExceeded(QuotaScope.Task, 0), new Quota().TryTake(new("1", "greet"), (5, 0), 0));

    [Fact]
    public void Doubtful_is_what_nobody_knows_and_is_not_new()
    {
        var count = new Quota();
        count.Add(new("old", "greet"), 1);
        count.Add(new("known", "greet"), 1);
        count.Add(new("new", "greet"), 3);
        Assert.Equal(["old"], count.Doubtful(new HashSet<string> { "known" }, since: 2));
    }
}
