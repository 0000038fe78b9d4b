using Microsoft.Extensions.Options;

namespace SyncCluster.Hosting.Connections;

/// <inheritdoc/>
internal sealed class ConnectionOptionsValidator : IValidateOptions<ConnectionOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, ConnectionOptions options) =>
        options.Connections is null or > 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail("Limits:Connections must be above 0.");
}
