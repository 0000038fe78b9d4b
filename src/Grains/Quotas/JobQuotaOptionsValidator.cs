using Microsoft.Extensions.Options;

namespace SyncCluster.Quotas;

/// <inheritdoc/>
internal sealed class JobQuotaOptionsValidator : IValidateOptions<JobQuotaOptions>
{
    private const int LeastBytes = 1 << 20;

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, JobQuotaOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        Require(options.PerCustomer, "PerCustomer");
        Require(options.PerTask, "PerTask");
        RequireBytes(options.StoredBytes, "StoredBytes");
        foreach (var (customer, own) in options.Customers)
        {
            Require(own.Jobs, $"Customers:{customer}:Jobs");
            Require(own.PerTask, $"Customers:{customer}:PerTask");
            RequireBytes(own.StoredBytes, $"Customers:{customer}:StoredBytes");
            foreach (var (task, limit) in own.Tasks)
            {
                Require(limit, $"Customers:{customer}:Tasks:{task}");
            }
        }

        return result.Build();

        void RequireBytes(long? limit, string setting)
        {
            if (limit < LeastBytes)
            {
                result.AddError($"{JobQuotaOptions.Section}:{setting} must be {LeastBytes} bytes or more.");
            }
        }

        void Require(int? limit, string setting)
        {
            if (limit < 0)
            {
                result.AddError($"{JobQuotaOptions.Section}:{setting} must be 0 or more.");
            }
        }
    }
}
