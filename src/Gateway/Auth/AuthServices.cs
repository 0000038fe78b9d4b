using Microsoft.Extensions.Options;

namespace SyncCluster.Gateway.Auth;

internal static class AuthServices
{
    /// <summary>The configured callers. The backend brings the <see cref="ITokenValidator"/> and the <see cref="DemoMode"/>.</summary>
    public static void AddAuth(this IServiceCollection services)
    {
        services.AddOptions<AuthOptions>().BindConfiguration(AuthOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<AuthOptions>, AuthOptionsValidator>();
        services.AddSingleton<IValidateOptions<AuthOptions>>(
            provider => new ReadableValues<AuthOptions>(provider.GetRequiredService<IConfiguration>(), AuthOptions.Section));
    }
}
