using SyncCluster.Settings;
using SyncCluster.Telemetry;

namespace SyncCluster.Hosting.Authentication;

internal static class FailureCounterServices
{
    public static void AddFailureCounter(this IServiceCollection services)
    {
        services.AddValidatedOptions<FailedAuthenticationOptions, FailedAuthenticationOptionsValidator>(FailedAuthenticationOptions.Section);
        services.AddServerMetrics();
        services.AddSingleton<FailureCounter>();
    }
}
