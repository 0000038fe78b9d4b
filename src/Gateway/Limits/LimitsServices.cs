using Microsoft.Extensions.Options;
using SyncCluster.Hosting.Authentication;
using SyncCluster.Settings;

namespace SyncCluster.Gateway.Limits;

internal static class LimitsServices
{
    public static void AddLimits(this IServiceCollection services)
    {
        services.AddSingleton<RequestLimiter>();
        services.AddSingleton<UnauthenticatedBodies>();
        services.AddFailureCounter();
        services.AddSingleton<FailedAuthentications>();
        services.AddValidatedOptions<GatewayLimitsOptions, GatewayLimitsOptionsValidator>(GatewayLimitsOptions.Section);
        services.AddSingleton<IPostConfigureOptions<GatewayLimitsOptions>, WaiterLimit>();
    }
}
