using SyncCluster.Harness;

namespace SyncCluster.Grains.Tests;

/// <summary>The cluster that the suites about jobs and task queues share: each test has jobs and tasks of its own.</summary>
[CollectionDefinition(Name)]
public sealed class JobCluster : JobTestCluster, IAsyncLifetime, ICollectionFixture<JobCluster>
{
    public const string Name = "job cluster";

    Task IAsyncLifetime.InitializeAsync() => StartAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
}
