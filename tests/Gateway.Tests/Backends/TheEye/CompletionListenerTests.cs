using SyncCluster.Execution.TheEye;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>How TheEye's Redis is connected to.</summary>
public sealed class CompletionListenerTests
{
    [Fact]
    public void A_Redis_that_is_away_at_the_start_is_waited_for_whatever_the_connection_string_says() =>
        Assert.False(CompletionListener.Read("127.0.0.1:6379,abortConnect=true")!.AbortOnConnectFail);
}
