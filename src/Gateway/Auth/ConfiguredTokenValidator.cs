using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting;
using SyncCluster.Settings;

namespace SyncCluster.Gateway.Auth;

/// <summary>
/// The tokens of the configured users, or the two of the demonstration. They are looked up by their hash, so that the time of a look-up reveals nothing
/// about a token.
/// </summary>
internal sealed class ConfiguredTokenValidator(ReloadedOptions<AuthOptions> options, DemoMode demo, TimeProvider timeProvider) : ITokenValidator
{
    private volatile Tokens _tokens = Tokens.Of(options.Value, demo);

    /// <inheritdoc/>
    public ValueTask<TokenValidation> ValidateAsync(string token, Deadline deadline, CancellationToken aborted) =>
        new(Current().Callers.TryGetValue(Secret.KeyOf(token), out var known) && timeProvider.GetUtcNow() < known.ExpiresAt
            ? new TokenValidation.Valid(known.Caller)
            : TokenValidation.Invalid.Instance);

    private Tokens Current()
    {
        var (tokens, configured) = (_tokens, options.Value);
        return ReferenceEquals(tokens.Options, configured) ? tokens : _tokens = Tokens.Of(configured, demo);
    }

    /// <param name="Options">What the tokens were read from.</param>
    /// <param name="Callers">By the tokens' hashes.</param>
    private sealed record Tokens(AuthOptions Options, Dictionary<string, (Caller Caller, DateTimeOffset ExpiresAt)> Callers)
    {
        public static Tokens Of(AuthOptions options, DemoMode demo)
        {
            var configured =
                from customer in options.Customers
                from user in customer.Value.Users
                select (Hash: user.TokenSha256.ToUpperInvariant(), Caller: Of(customer.Key, user), ExpiresAt: user.ExpiresAt ?? DateTimeOffset.MaxValue);
            var demonstration =
                from token in demo.Tokens
                select (Hash: Secret.KeyOf(token.Token), token.Caller, ExpiresAt: DateTimeOffset.MaxValue);
            return new(options, configured.Concat(demonstration).ToDictionary(known => known.Hash, known => (known.Caller, known.ExpiresAt)));
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
}
