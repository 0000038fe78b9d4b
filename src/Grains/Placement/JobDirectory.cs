using System.Diagnostics.CodeAnalysis;
using Orleans.GrainDirectory;
using Orleans.Runtime.GrainDirectory;
using SyncCluster.Jobs;

namespace SyncCluster.Placement;

/// <summary>
/// Where Orleans looks for the grains of jobs: it stores nothing, and computes the owner. It is also the cache that Orleans reads first, so that a
/// message is addressed without a wait. Grains in Orleans' own directory have a cache of their own; those in any other one have none.
/// </summary>
internal sealed class JobDirectory(JobOwners owners) : IGrainDirectory, IGrainDirectoryCache
{
    /// <inheritdoc/>
    public IEnumerable<(GrainAddress ActivationAddress, int Version)> KeyValues => [];

    /// <inheritdoc/>
    public bool LookUp(GrainId key, [NotNullWhen(true)] out GrainAddress? result, out int version)
    {
        (result, version) = (key.Type == JobGrain.Type ? owners.AddressOf(key) : null, 0);
        return result is not null;
    }

    /// <inheritdoc/>
    public Task<GrainAddress?> Lookup(GrainId grainId) => Task.FromResult<GrainAddress?>(owners.AddressOf(grainId));

    /// <inheritdoc/>
    public Task<GrainAddress?> Register(GrainAddress address) => Task.FromResult<GrainAddress?>(address);

    /// <inheritdoc/>
    public Task<GrainAddress?> Register(GrainAddress address, GrainAddress? previousAddress) => Task.FromResult<GrainAddress?>(address);

    /// <inheritdoc/>
    public Task Unregister(GrainAddress address) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task UnregisterSilos(List<SiloAddress> siloAddresses) => Task.CompletedTask;

    /// <inheritdoc/>
    public void AddOrUpdate(GrainAddress value, int version)
    {
    }

    /// <inheritdoc/>
    public bool Remove(GrainId key) => false;

    /// <inheritdoc/>
    public bool Remove(GrainAddress key) => false;

    /// <inheritdoc/>
    public void Clear()
    {
    }
}
