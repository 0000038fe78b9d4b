using SyncCluster.Jobs.Listing;
using SyncCluster.Jobs.Retention;

namespace SyncCluster.Grains.Tests.Jobs;

/// <summary>Which settings count for a task, and what they remove.</summary>
public sealed class RetentionRulesTests
{
    private static readonly RetentionRules Rules = new(
        KeptJobs: 9,
        new Dictionary<string, CustomerRetentionOptions>
        {
            ["acme"] = new()
            {
                JobExpiry = TimeSpan.FromHours(5),
                KeptJobs = 5,
                Tasks = new() { ["task"] = new() { JobExpiry = TimeSpan.FromHours(1), KeptJobs = 1 }, ["count"] = new() { KeptJobs = 2 } },
            },
            ["globex"] = new() { JobExpiry = TimeSpan.FromHours(7) },
        },
        RemovalsPerSecond: 100);

    [Theory]
    [InlineData("acme", "task", 1, 1)]
    [InlineData("acme", "count", 5, 2)]
    [InlineData("acme", "other", 5, 5)]
    [InlineData("globex", "task", 7, 9)]
    [InlineData("nobody", "task", null, 9)]
    public void What_is_said_of_a_task_counts_before_its_customers_and_that_before_what_is_said_of_all(
        string customer, string task, int? hours, int? kept)
    {
        var rule = new RetentionRule(hours is { } some ? TimeSpan.FromHours(some) : null, kept);
        Assert.Equal(rule, Rules.Of(customer, task));
        Assert.Equal(rule, Rules.Of(customer).Of(JobEntry.Hash(task)));
    }

    [Theory]
    [InlineData(59, false, false)]
    [InlineData(60, false, true)]
    [InlineData(59, true, true)]
    [InlineData(9, true, false)]
    [InlineData(10, true, true)]
    public void A_job_is_removed_when_it_is_old_or_one_too_many_but_not_within_ten_minutes(int minutes, bool isNotKept, bool isRemoved) =>
        Assert.Equal(isRemoved, Rules.Of("acme", "task").Removes(TimeSpan.FromMinutes(minutes), isNotKept));

    [Fact]
    public void Nothing_is_removed_where_nothing_is_set()
    {
        Assert.True(new RetentionRules(null, new Dictionary<string, CustomerRetentionOptions>(), 100).IsEmpty);
        var unset = new Dictionary<string, CustomerRetentionOptions> { ["acme"] = new() { Tasks = { ["a"] = new() } } };
        Assert.True(new RetentionRules(null, unset, 100).IsEmpty);
        Assert.False(Rules.IsEmpty);
        Assert.False((Rules with { Customers = new Dictionary<string, CustomerRetentionOptions>() }).IsEmpty);
        Assert.False((Rules with { KeptJobs = null }).IsEmpty);
        Assert.False(new RetentionRule(null, null).Removes(TimeSpan.FromDays(9), isNotKept: true));
    }
}
