using Microsoft.Extensions.Options;

namespace SyncCluster.Gateway.WebConsole;

/// <inheritdoc/>
internal sealed class ConsoleOptionsValidator : IValidateOptions<ConsoleOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, ConsoleOptions options) =>
        options.Session >= TimeSpan.FromMinutes(1) && options.Session <= TimeSpan.FromDays(30)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail("Console:Session must be from a minute to 30 days.");
}
