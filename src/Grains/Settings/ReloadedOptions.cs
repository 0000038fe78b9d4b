using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace SyncCluster.Settings;

/// <summary>
/// Options that follow the configuration while the process runs. A changed configuration counts at once and as a whole. One that is not valid is
/// refused with a logged error, and what was configured before stays in force; the framework's monitor would throw at each use instead.
/// </summary>
internal sealed partial class ReloadedOptions<TOptions> : IHostedService, IDisposable
    where TOptions : class
{
    private readonly IOptionsFactory<TOptions> _factory;
    private readonly ReloadRule<TOptions> _rule;
    private readonly ILogger<ReloadedOptions<TOptions>> _logger;
    private readonly Lock _lock = new();
    private readonly IDisposable _reloads;
    private volatile TOptions _value;

    public ReloadedOptions(
        IOptions<TOptions> atStart,
        IOptionsFactory<TOptions> factory,
        IConfiguration configuration,
        ReloadRule<TOptions> rule,
        ILogger<ReloadedOptions<TOptions>> logger)
    {
        _value = atStart.Value;
        _factory = factory;
        _rule = rule;
        _logger = logger;
        _reloads = ChangeToken.OnChange(configuration.GetReloadToken, Reload);
    }

    /// <summary>The newest valid options. It is another object after each reload.</summary>
    public TOptions Value => _value;

    /// <summary>Nothing to do: the host makes this at its start, so that no change is missed.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => _reloads.Dispose();

    private void Reload()
    {
        lock (_lock)
        {
            try
            {
                var changed = _factory.Create(Options.DefaultName);
                if (_rule.RefusalOf(_value, changed) is { } refusal)
                {
                    LogRefused(_rule.Section, refusal);
                    return;
                }

                _value = changed;
                LogReloaded(_rule.Section);
            }
            catch (OptionsValidationException invalid)
            {
                LogRefused(_rule.Section, string.Join(' ', invalid.Failures));
            }
            catch (InvalidOperationException unreadable)
            {
                // A value is no number, date or the like.
                LogRefused(_rule.Section, unreadable.Message);
            }
        }
    }
}

/// <summary>What a reload must not change.</summary>
/// <param name="Section">The options' section of the configuration.</param>
/// <param name="RefusalOf">Why options may not be replaced by others, which are valid; null if they may.</param>
internal sealed record ReloadRule<TOptions>(string Section, Func<TOptions, TOptions, string?> RefusalOf)
    where TOptions : class;

internal static class ReloadedOptionsServices
{
    /// <summary>Has options, which are registered and bound already, follow the configuration as <see cref="ReloadedOptions{TOptions}"/>.</summary>
    public static void AddReloadedOptions<TOptions>(this IServiceCollection services, ReloadRule<TOptions> rule)
        where TOptions : class
    {
        services.AddSingleton(rule);
        services.AddSingleton<ReloadedOptions<TOptions>>();
        services.AddHostedService(provider => provider.GetRequiredService<ReloadedOptions<TOptions>>());
    }
}
