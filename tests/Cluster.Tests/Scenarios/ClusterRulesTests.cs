using SyncCluster.Harness;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>The index of the waiting protocol's rules.</summary>
public sealed class ClusterRulesTests
{
    [Fact]
    public void Each_rule_that_the_index_assigns_to_the_processes_has_a_test()
    {
        var tests = typeof(ClusterRulesTests).Assembly;
        Assert.Equal(WaitingRules.TestedIn(tests), WaitingRules.ClaimedIn(tests));
    }
}
