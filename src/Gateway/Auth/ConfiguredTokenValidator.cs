using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting;

namespace SyncCluster.Gateway.Auth;

/// <summary>
/// The tokens of the configured users, or the two of the demonstration. They are looked up by their hash, so that the time of a look-up reveals nothing
/// about a token.
/// </summary>
internal sealed class ConfiguredTokenValidator(IOptions<AuthOptions> options, DemoMode demo, TimeProvider timeProvider) : ITokenValidator
{
    private readonly Dictionary<string, (Caller Caller, DateTimeOffset ExpiresAt)> _callers = Read(options.Value, demo);

    /// <inheritdoc/>
    public ValueTask<TokenValidation> ValidateAsync(string token, Deadline deadline, CancellationToken aborted) =>
        new(_callers.TryGetValue(Secret.KeyOf(token), out var known) && timeProvider.GetUtcNow() < known.ExpiresAt
            ? new TokenValidation.Valid(known.Caller)
            : TokenValidation.Invalid.Instance);

    private static Dictionary<string, (Caller, DateTimeOffset)> Read(AuthOptions options, DemoMode demo)
    {
        var configured =
            from customer in options.Customers
            from user in customer.Value.Users
            select (Hash: user.TokenSha256.ToUpperInvariant(), Caller: Of(customer.Key, user), ExpiresAt: user.ExpiresAt ?? DateTimeOffset.MaxValue);
        var demonstration =
            from token in demo.Tokens
            select (Hash: Secret.KeyOf(token.Token), token.Caller, ExpiresAt: DateTimeOffset.MaxValue);
        return configured.Concat(demonstration).ToDictionary(known => known.Hash, known => (known.Caller, known.ExpiresAt));
    }

    private static Caller Of(string customer, UserOptions user) => new()
    {
        Customer = customer,
        Username = user.Username,
        Email = user.Email,
        Credential = user.Credential,
        Roles = user.Roles,
    };
}
