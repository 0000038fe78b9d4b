using SyncCluster.Execution.Local;
using SyncCluster.Grains.Tests.Jobs;

namespace SyncCluster.Grains.Tests.Execution.Local;

public sealed class JobEnvironmentTests
{
    [Fact]
    public void Every_variable_that_the_server_sets_is_reserved() => Assert.All(
        JobEnvironment.Of(JobSamples.Spec() with { Env = [] }, "a.token", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch).Keys,
        name => Assert.True(JobEnvironment.IsReserved(name), name));
}
