using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using SyncCluster.Jobs.Listing;
using SyncCluster.Placement;
using SyncCluster.Storage;
using SyncCluster.Telemetry;

namespace SyncCluster.Jobs;

/// <summary>Where the records of jobs are stored, and what is kept up with them: what all <see cref="JobStore"/>s of a silo have in common.</summary>
internal sealed record JobStorage(
    [FromKeyedServices(StorageNames.Jobs)] IGrainStorage Records,
    IStorageConnection Connection,
    IJobIndex Index,
    JobOwners Owners,
    StoredBytes Bytes,
    ServerMetrics Metrics,
    TimeProvider TimeProvider,
    ILogger<JobStore> Logger);
