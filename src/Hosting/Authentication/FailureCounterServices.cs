using SyncCluster.Settings;

namespace SyncCluster.Hosting.Authentication;

internal static class FailureCounterServices
{
    public static void AddFailureCounter(this IServiceCollection services)
    {
        services.AddValidatedOptions<FailedAuthenticationOptions, FailedAuthenticationOptionsValidator>(FailedAuthenticationOptions.Section);
        services.AddSingleton<FailureCounter>();
    }
}
