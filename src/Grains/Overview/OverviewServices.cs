using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Execution;

namespace SyncCluster.Overview;

/// <summary>What a silo needs to tell operators about itself, and to be drained by them.</summary>
internal static class OverviewServices
{
    public static void AddOverview(this IServiceCollection services)
    {
        services.AddSingleton<SiloReporter>();
        services.AddSingleton<SiloDrain>();
        services.AddSingleton<ReportedGateways>();
        services.AddGrainService<SiloOperator>(GrainServiceTypes.SiloOperator);
    }
}
