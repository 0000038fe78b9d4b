using SyncCluster.Harness;

namespace SyncCluster.Grains.Tests.Jobs;

/// <summary>The index of the waiting protocol's rules.</summary>
public sealed class GrainRulesTests
{
    [Fact]
    public void Each_rule_that_the_index_assigns_to_the_grains_has_a_test()
    {
        var tests = typeof(GrainRulesTests).Assembly;
        Assert.Equal(WaitingRules.TestedIn(tests), WaitingRules.ClaimedIn(tests));
    }
}
