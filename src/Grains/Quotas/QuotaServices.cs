using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using SyncCluster.Execution;

namespace SyncCluster.Quotas;

/// <summary>What a silo needs to admit jobs within the quotas of customers and tasks.</summary>
internal static class QuotaServices
{
    public static void AddQuotas(this IServiceCollection services)
    {
        services.AddSingleton<JobAdmission>();
        services.AddGrainService<SiloInventory>(GrainServiceTypes.SiloInventory);
        services.AddSingleton<SiloInventoryClient>();
        services.AddOptions<JobQuotaOptions>().BindConfiguration(JobQuotaOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<JobQuotaOptions>, JobQuotaOptionsValidator>();
        services.AddSingleton<IValidateOptions<JobQuotaOptions>>(
            provider => new ReadableValues<JobQuotaOptions>(provider.GetRequiredService<IConfiguration>(), JobQuotaOptions.Section));
    }
}
