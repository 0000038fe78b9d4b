using Microsoft.Extensions.Options;

namespace SyncCluster.Execution.Local;

/// <inheritdoc/>
internal sealed class LocalExecutorOptionsValidator : IValidateOptions<LocalExecutorOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, LocalExecutorOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (options.Concurrency is <= 0 or > 4096)
        {
            result.AddError("LocalExecutor:Concurrency must be from 1 to 4096.");
        }

        if (options.Spare is { } spare && (spare < 0 || spare >= options.Concurrency))
        {
            result.AddError("LocalExecutor:Spare must be from 0 to less than LocalExecutor:Concurrency.");
        }

        if (options.QueueLimit is < 0 or > 1_000_000)
        {
            result.AddError("LocalExecutor:QueueLimit must be from 0 to 1000000.");
        }

        if (options.DrainTime < TimeSpan.Zero || options.KillGrace < TimeSpan.Zero || options.DrainTime + options.KillGrace >= TimeSpan.FromHours(1))
        {
            result.AddError("LocalExecutor:DrainTime and LocalExecutor:KillGrace must not be negative, and less than an hour together.");
        }

        return result.Build();
    }
}
