using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace SyncCluster.Settings;

/// <summary>Registers options that are read from the configuration.</summary>
internal static class ValidatedOptionsServices
{
    /// <summary>Reads options from a section, and refuses values that can't be read or are not valid before the process starts.</summary>
    /// <typeparam name="TOptions">The options.</typeparam>
    /// <typeparam name="TValidator">Says which values are valid.</typeparam>
    public static void AddValidatedOptions<TOptions, TValidator>(this IServiceCollection services, string section)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        services.AddOptions<TOptions>().BindConfiguration(section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<TOptions>, TValidator>();
        services.AddSingleton<IValidateOptions<TOptions>>(
            provider => new ReadableValues<TOptions>(provider.GetRequiredService<IConfiguration>(), section));
    }
}
