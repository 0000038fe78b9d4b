using System.Diagnostics.CodeAnalysis;
using Orleans.GrainDirectory;
using Orleans.Metadata;
using Orleans.Runtime.GrainDirectory;
using Orleans.Runtime.Placement;
using SyncCluster.Jobs;

namespace SyncCluster.Placement;

/// <summary>A job's grain is on the silo that owns the job, and is registered nowhere.</summary>
internal sealed class JobPlacement : PlacementStrategy
{
    /// <inheritdoc/>
    public override bool IsUsingGrainDirectory => false;
}

/// <inheritdoc cref="JobPlacement"/>
internal sealed class JobPlacementDirector(JobOwners owners) : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        Task.FromResult(owners.AddressOf(target.GrainIdentity).SiloAddress!);
}

/// <summary>
/// Gives the grains of jobs their placement and their directory. Not by attributes at the class: each silo tells the others its attributes, and a
/// silo of version 0.1 would fail to find this placement, or this silo would take that of the other.
/// </summary>
internal sealed class JobPlacementResolver(JobDirectory directory) : IPlacementStrategyResolver, IGrainDirectoryResolver
{
    private readonly JobPlacement _placement = new();

    /// <inheritdoc/>
    public bool TryResolvePlacementStrategy(GrainType grainType, GrainProperties? properties, [MaybeNullWhen(false)] out PlacementStrategy result)
    {
        result = grainType == JobGrain.Type ? _placement : null;
        return result is not null;
    }

    /// <inheritdoc/>
    public bool TryResolveGrainDirectory(GrainType grainType, GrainProperties? properties, [NotNullWhen(true)] out IGrainDirectory? grainDirectory)
    {
        grainDirectory = grainType == JobGrain.Type ? directory : null;
        return grainDirectory is not null;
    }
}
