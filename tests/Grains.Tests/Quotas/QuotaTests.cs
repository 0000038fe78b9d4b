using SyncCluster.Jobs;
using SyncCluster.Quotas;

namespace SyncCluster.Grains.Tests.Quotas;

public sealed class QuotaTests
{
    [Fact]
    public void A_job_counts_once_and_is_removed_once()
    {
        var quota = new Quota();
        Assert.Null(quota.TryTake(new("1", "greet"), new(2, null), 0));
        Assert.Null(quota.TryTake(new("1", "greet"), new(2, null), 0));
        quota.Add(new("1", "greet"), 0);
        Assert.Null(quota.TryTake(new("2", "part"), new(2, null), 0));
        Assert.Equal(new JobReply.QuotaExceeded(QuotaScope.Customer, 2), quota.TryTake(new("3", "part"), new(2, null), 0));
        quota.Remove("1");
        quota.Remove("1");
        Assert.Null(quota.TryTake(new("3", "part"), new(2, null), 0));
        Assert.Equal(2, quota.Count);
    }

    [Fact]
    public void The_limit_of_a_task_counts_only_its_own_jobs()
    {
        var quota = new Quota();
        Assert.Null(quota.TryTake(new("1", "greet"), new(null, 1), 0));
        Assert.Null(quota.TryTake(new("2", "part"), new(null, 1), 0));
        Assert.Equal(new JobReply.QuotaExceeded(QuotaScope.Task, 1), quota.TryTake(new("3", "greet"), new(null, 1), 0));
        quota.Remove("1");
        Assert.Null(quota.TryTake(new("3", "greet"), new(null, 1), 0));
    }

    [Fact]
    public void A_limit_of_zero_refuses_every_job() =>
        Assert.Equal(new JobReply.QuotaExceeded(QuotaScope.Task, 0), new Quota().TryTake(new("1", "greet"), new(5, 0), 0));

    [Fact]
    public void A_job_that_no_silo_holds_is_checked_unless_it_is_new()
    {
        var quota = new Quota();
        quota.Add(new("old", "greet"), 1);
        quota.Add(new("held", "greet"), 1);
        quota.Add(new("new", "greet"), 3);
        Assert.Equal(["old"], quota.NotHeld(new HashSet<string> { "held" }, countedUntil: 2));
    }
}
