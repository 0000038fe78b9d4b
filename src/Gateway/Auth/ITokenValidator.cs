using SyncCluster.Gateway.Waiting;

namespace SyncCluster.Gateway.Auth;

/// <summary>Knows whom a token speaks for.</summary>
internal interface ITokenValidator
{
    /// <param name="token">The token.</param>
    /// <param name="deadline">Until when it is waited for; null for no limit of the caller's own.</param>
    /// <param name="gone">Canceled when the client has gone.</param>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    ValueTask<TokenValidation> ValidateAsync(string token, Deadline? deadline, CancellationToken gone);
}

/// <summary>What is known of a token.</summary>
internal abstract record TokenValidation
{
    private TokenValidation()
    {
    }

    public sealed record Valid(Caller Caller) : TokenValidation;

    /// <summary>Nobody's, or not any more.</summary>
    public sealed record Invalid : TokenValidation
    {
        public static Invalid Instance { get; } = new();
    }

    /// <summary>It could not be found out.</summary>
    public sealed record Unavailable(Problem Problem) : TokenValidation;
}
