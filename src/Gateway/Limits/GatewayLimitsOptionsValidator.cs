using Microsoft.Extensions.Options;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Limits;

/// <inheritdoc/>
internal sealed class GatewayLimitsOptionsValidator : IValidateOptions<GatewayLimitsOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, GatewayLimitsOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        Require(options.Body > 0, "Limits:Body must be above 0 bytes.");
        Require(options.Import > 0, "Limits:Import must be above 0 bytes.");
        Require(
            options.BodyTime > TimeSpan.Zero && options.BodyTime <= TimeSpan.FromDays(1), "Limits:BodyTime must be above 0 and at most a day.");
        Require(options.UnauthenticatedBodies > 0, "Limits:UnauthenticatedBodies must be above 0 bytes.");
        Require(options.Waiters > 0, "Limits:Waiters must be above 0.");
        RequireRate("Limits", options.CallsPerSecond, options.Burst);
        foreach (var (customer, own) in options.Customers)
        {
            Require(CustomerName.IsValid(customer), $"Limits:Customers:{customer}: this can't be a customer's name.");
            Require(own.Waiters is null or >= 0, $"Limits:Customers:{customer}:Waiters must be 0 or more.");
            RequireRate($"Limits:Customers:{customer}", own.CallsPerSecond ?? 0, own.Burst ?? 0);
        }

        return result.Build();

        void RequireRate(string section, double callsPerSecond, int burst)
        {
            Require(callsPerSecond is 0 or (>= 0.001 and <= 1_000_000), $"{section}:CallsPerSecond must be 0, or from 0.001 to 1000000.");
            Require(burst >= 0, $"{section}:Burst must be 0 or more.");
        }

        void Require(bool holds, string message)
        {
            if (!holds)
            {
                result.AddError(message);
            }
        }
    }
}
