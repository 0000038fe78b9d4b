using Microsoft.Extensions.Options;

namespace SyncCluster.Hosting.Operator;

/// <inheritdoc/>
internal sealed class OperatorOptionsValidator : IValidateOptions<OperatorOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, OperatorOptions options) => options.TokenSha256 switch
    {
        "" => ValidateOptionsResult.Success,
        { Length: 64 } hash when hash.All(char.IsAsciiHexDigit) => ValidateOptionsResult.Success,
        _ => ValidateOptionsResult.Fail("Operator:TokenSha256 must be the 64 hex digits that `dotnet run --project src/Gateway -- token` prints."),
    };
}
