namespace SyncCluster.Execution.Local;

/// <summary>The runner services of all silos.</summary>
internal sealed class RunnerServiceClient(IGrainFactory grains)
{
    public IRunnerService On(SiloAddress silo) => grains.GetGrainService<IRunnerService>(GrainServiceTypes.Runner, silo);
}
