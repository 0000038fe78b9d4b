using Microsoft.Extensions.Options;

namespace SyncCluster.Hosting.Connections;

/// <inheritdoc/>
internal sealed class ConnectionOptionsValidator : IValidateOptions<ConnectionOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, ConnectionOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (options.Connections is not (null or > 0))
        {
            result.AddError("Limits:Connections must be above 0.");
        }

        if (options.StreamsPerConnection is not (>= 1 and <= 1_000_000))
        {
            result.AddError("Limits:StreamsPerConnection must be from 1 to 1000000.");
        }

        return result.Build();
    }
}
