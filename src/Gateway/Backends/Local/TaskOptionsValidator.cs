using Microsoft.Extensions.Options;

namespace SyncCluster.Gateway.Backends.Local;

/// <inheritdoc/>
internal sealed class TaskOptionsValidator : IValidateOptions<TaskOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, TaskOptions options) => Enum.IsDefined(options.Arguments)
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail("Tasks:Arguments must be lenient or strict.");
}
