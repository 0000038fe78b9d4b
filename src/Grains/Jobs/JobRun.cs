namespace SyncCluster.Jobs;

/// <summary>Where and as what a script of this cluster runs, or has run.</summary>
/// <param name="Silo">The silo.</param>
/// <param name="Id">The run, as the log names it.</param>
[GenerateSerializer, Immutable, Alias("sync.job.run")]
public sealed record JobRun([property: Id(0)] SiloAddress Silo, [property: Id(1)] Guid Id);
