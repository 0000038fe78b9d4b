using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using SyncCluster.Jobs.Listing;
using SyncCluster.Placement;
using SyncCluster.Storage;
using SyncCluster.Telemetry;

namespace SyncCluster.Jobs;

/// <summary>Where the records of jobs are stored, and what is kept up with them: what all <see cref="JobStore"/>s of a silo have in common.</summary>
internal sealed class JobStorage(
    [FromKeyedServices(StorageNames.Jobs)] IGrainStorage records,
    IStorageConnection connection,
    IJobIndex index,
    JobOwners owners,
    StoredBytes bytes,
    ServerMetrics metrics,
    TimeProvider timeProvider,
    ILogger<JobStore> logger)
{
    public IGrainStorage Records { get; } = records;

    public IStorageConnection Connection { get; } = connection;

    public IJobIndex Index { get; } = index;

    public JobOwners Owners { get; } = owners;

    public StoredBytes Bytes { get; } = bytes;

    public ServerMetrics Metrics { get; } = metrics;

    public TimeProvider TimeProvider { get; } = timeProvider;

    public ILogger Logger { get; } = logger;
}
