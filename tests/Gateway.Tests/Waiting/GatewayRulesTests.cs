using SyncCluster.Harness;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>The index of the waiting protocol's rules.</summary>
public sealed class GatewayRulesTests
{
    [Fact]
    public void Each_rule_that_the_index_assigns_to_the_gateway_has_a_test()
    {
        var tests = typeof(GatewayRulesTests).Assembly;
        Assert.Equal(WaitingRules.TestedIn(tests), WaitingRules.ClaimedIn(tests));
    }
}
