using Microsoft.Extensions.Options;

namespace SyncCluster.Gateway.Limits;

internal static class LimitsServices
{
    public static void AddLimits(this IServiceCollection services)
    {
        services.AddSingleton<RequestLimiter>();
        services.AddSingleton<UnauthenticatedBodies>();
        services.AddSingleton<FailedAuthentications>();
        services.AddOptions<GatewayLimitsOptions>().BindConfiguration(GatewayLimitsOptions.Section).ValidateOnStart();
        services.AddSingleton<IPostConfigureOptions<GatewayLimitsOptions>, WaiterLimit>();
        services.AddSingleton<IValidateOptions<GatewayLimitsOptions>, GatewayLimitsOptionsValidator>();
        services.AddSingleton<IValidateOptions<GatewayLimitsOptions>>(
            provider => new ReadableValues<GatewayLimitsOptions>(provider.GetRequiredService<IConfiguration>(), GatewayLimitsOptions.Section));
    }
}
