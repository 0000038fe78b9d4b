using Microsoft.Extensions.Options;

namespace SyncCluster.Hosting;

/// <inheritdoc/>
internal sealed class StorageOptionsValidator : IValidateOptions<StorageOptions>
{
    private static readonly TimeSpan ShortestExpiry = TimeSpan.FromHours(13);

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, StorageOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (options.JobExpiry < ShortestExpiry)
        {
            result.AddError("Storage:JobExpiry must be 13 hours or longer.");
        }

        if (options.Path.Length == 0 || options.Path.Contains('\0', StringComparison.Ordinal))
        {
            result.AddError("Storage:Path must be a folder, or :memory: to keep nothing.");
        }

        if (options.EmbeddedLimit < 1 << 20)
        {
            result.AddError("Storage:EmbeddedLimit must be 1048576 bytes or more.");
        }

        if (options.RedisShare is not (> 0 and <= 1))
        {
            result.AddError("Storage:RedisShare must be above 0 and at most 1.");
        }

        if (options.RedisMemory < 0)
        {
            result.AddError("Storage:RedisMemory must be 0 or more.");
        }

        return result.Build();
    }
}
