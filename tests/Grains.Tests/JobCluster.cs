using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Harness;
using SyncCluster.Placement;

namespace SyncCluster.Grains.Tests;

/// <summary>The cluster that the suites about jobs and task queues share: each test has jobs and tasks of its own.</summary>
[CollectionDefinition(Name)]
public sealed class JobCluster : JobTestCluster, IAsyncLifetime, ICollectionFixture<JobCluster>
{
    public const string Name = "job cluster";

    async Task IAsyncLifetime.InitializeAsync()
    {
        await StartAsync();

        // All silos have long known each other: else each job would be read once more ten seconds from now, in the middle of a test.
        foreach (var silo in Silos)
        {
            _ = silo.ServiceProvider.GetRequiredService<JobOwners>().Mark();
        }

        Clock.Forward(TimeSpan.FromSeconds(10));
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
}
