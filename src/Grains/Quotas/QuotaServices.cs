using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Execution;
using SyncCluster.Settings;

namespace SyncCluster.Quotas;

/// <summary>What a silo needs to admit jobs within the quotas of customers and tasks.</summary>
internal static class QuotaServices
{
    public static void AddQuotas(this IServiceCollection services)
    {
        services.AddSingleton<JobAdmission>();
        services.AddGrainService<SiloInventory>(GrainServiceTypes.SiloInventory);
        services.AddSingleton<SiloInventoryClient>();
        services.AddValidatedOptions<JobQuotaOptions, JobQuotaOptionsValidator>(JobQuotaOptions.Section);
    }
}
