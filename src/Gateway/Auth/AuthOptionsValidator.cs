using Microsoft.Extensions.Options;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Auth;

/// <inheritdoc/>
internal sealed class AuthOptionsValidator : IValidateOptions<AuthOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, AuthOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        var hashes = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (customer, users) in options.Customers)
        {
            if (!CustomerName.IsValid(customer))
            {
                result.AddError($"Auth:Customers:{customer}: a customer's name is 1 to 64 of A-Z a-z 0-9 _ -, and none of task, job, api, health, docs, openapi, console.");
            }

            for (var index = 0; index < users.Users.Count; index++)
            {
                var user = users.Users[index];
                var path = $"Auth:Customers:{customer}:Users:{index}";
                if (user.Username.Length == 0)
                {
                    result.AddError($"{path}:Username is missing.");
                }

                if (user.TokenSha256.Length != 64 || !user.TokenSha256.All(char.IsAsciiHexDigit))
                {
                    result.AddError($"{path}:TokenSha256 must be the 64 hex digits that `{TokenCommand.HowToRun}` prints.");
                }
                else if (!hashes.Add(user.TokenSha256))
                {
                    result.AddError($"{path}:TokenSha256 is there twice: a token belongs to one user of one customer.");
                }

                if (!Enum.IsDefined(user.Credential))
                {
                    result.AddError($"{path}:Credential must be one of {string.Join(", ", Enum.GetNames<Credential>()).ToLowerInvariant()}.");
                }
            }
        }

        return result.Build();
    }
}
