using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Backends;
using SyncCluster.Hosting;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Auth;

/// <summary>Says at the start what is wrong with the configured customers.</summary>
internal sealed class AuthOptionsValidator(GatewayMode mode) : IValidateOptions<AuthOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, AuthOptions options)
    {
        var faults = new List<string>();
        var hashes = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        if (options.Customers.Count > 0 && mode.Name == ExecutionMode.TheEye.Name)
        {
            faults.Add("Auth:Customers: where TheEye runs the jobs, its tokens count, and none are configured here.");
        }

        foreach (var (customer, users) in options.Customers)
        {
            if (!CustomerName.IsValid(customer))
            {
                faults.Add($"Auth:Customers:{customer}: a customer's name is 1 to 64 of A-Z a-z 0-9 _ -, and none of task, job, api, health, docs, openapi.");
            }

            for (var index = 0; index < users.Users.Count; index++)
            {
                var user = users.Users[index];
                var path = $"Auth:Customers:{customer}:Users:{index}";
                if (user.Username.Length == 0)
                {
                    faults.Add($"{path}:Username is missing.");
                }

                if (user.TokenSha256.Length != 64 || !user.TokenSha256.All(char.IsAsciiHexDigit))
                {
                    faults.Add($"{path}:TokenSha256 must be the 64 hex digits that `dotnet run --project src/Gateway -- token` prints.");
                }
                else if (!hashes.Add(user.TokenSha256))
                {
                    faults.Add($"{path}:TokenSha256 stands there twice: a token speaks for one user at one customer.");
                }

                if (!Enum.IsDefined(user.Credential))
                {
                    faults.Add($"{path}:Credential must be one of {string.Join(", ", Enum.GetNames<Credential>()).ToLowerInvariant()}.");
                }
            }
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
