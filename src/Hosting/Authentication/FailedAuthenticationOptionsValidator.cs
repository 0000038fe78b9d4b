using Microsoft.Extensions.Options;

namespace SyncCluster.Hosting.Authentication;

/// <inheritdoc/>
internal sealed class FailedAuthenticationOptionsValidator : IValidateOptions<FailedAuthenticationOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, FailedAuthenticationOptions options) => options.FailedAuthentications is >= 0 and <= 1_000_000
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail("Limits:FailedAuthentications must be from 0 to 1000000.");
}
