using SyncCluster.Settings;

namespace SyncCluster.Gateway.Auth;

internal static class AuthServices
{
    /// <summary>The configured callers. The backend brings the <see cref="ITokenValidator"/> and the <see cref="DemoMode"/>.</summary>
    public static void AddAuth(this IServiceCollection services)
    {
        services.AddValidatedOptions<AuthOptions, AuthOptionsValidator>(AuthOptions.Section);
        services.AddReloadedOptions(new ReloadRule<AuthOptions>(AuthOptions.Section, RefusalOf));
        services.AddSingleton<CredentialCheck>();
    }

    /// <summary>Users may come and go, but not all of them. Whether the server is a demonstration is fixed at its start.</summary>
    private static string? RefusalOf(AuthOptions current, AuthOptions changed) => (current.Customers.Count > 0, changed.HasUsers) switch
    {
        (true, false) => "Auth:Customers has no users left.",
        (false, true) => "This server was started without Auth:Customers, as a demonstration: start it anew.",
        _ => null,
    };
}
