using Microsoft.Extensions.Options;
using SyncCluster.Hosting.Operator;

namespace SyncCluster.Silo.Dashboard;

/// <inheritdoc/>
internal sealed class DashboardAddressOptionsValidator(IOptions<OperatorOptions> operators) : IValidateOptions<DashboardAddressOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, DashboardAddressOptions options) =>
        string.IsNullOrEmpty(options.Url) ? ValidateOptionsResult.Success
        : DashboardAddressOptions.Parse(options.Url) is null
            ? ValidateOptionsResult.Fail(
                "Dashboard:Url must be an address of its own with a port and without a path, such as `http://127.0.0.1:8081`; "
                + "with `https` where others than this machine can reach it.")
        : operators.Value.TokenSha256.Length == 0
            ? ValidateOptionsResult.Fail("Dashboard:Url needs Operator:TokenSha256: without an operator nobody could sign in.")
        : ValidateOptionsResult.Success;
}
