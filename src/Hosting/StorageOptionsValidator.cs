using Microsoft.Extensions.Options;
using SyncCluster.Jobs;
using SyncCluster.Jobs.Retention;

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

        RequireKeptJobs(options.KeptJobs, "KeptJobs");
        if (options.RemovalsPerSecond is not (>= 1 and <= 10_000))
        {
            result.AddError("Storage:RemovalsPerSecond must be from 1 to 10000.");
        }

        foreach (var (customer, own) in options.Customers)
        {
            Require(own, $"Customers:{customer}");
            foreach (var (task, ofTask) in own.Tasks)
            {
                Require(ofTask, $"Customers:{customer}:Tasks:{task}");
            }
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

        void Require(TaskRetentionOptions retention, string setting)
        {
            if (retention.JobExpiry < JobGrain.LeastAge)
            {
                result.AddError(
                    $"Storage:{setting}:JobExpiry must be 10 minutes or longer: a call that is under way may still need the job's record.");
            }

            if (retention.JobExpiry > options.JobExpiry)
            {
                result.AddError($"Storage:{setting}:JobExpiry must not be longer than Storage:JobExpiry, after which the job's record expires.");
            }

            RequireKeptJobs(retention.KeptJobs, $"{setting}:KeptJobs");
        }

        void RequireKeptJobs(int? kept, string setting)
        {
            if (kept < 0)
            {
                result.AddError($"Storage:{setting} must be 0 or more.");
            }
        }
    }
}
