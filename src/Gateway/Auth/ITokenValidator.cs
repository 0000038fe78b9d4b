using SyncCluster.Gateway.Waiting;

namespace SyncCluster.Gateway.Auth;

/// <summary>Finds the caller that a token belongs to.</summary>
internal interface ITokenValidator
{
    /// <param name="token">The token.</param>
    /// <param name="deadline">How long the check may take.</param>
    /// <param name="aborted">Canceled when the client has disconnected.</param>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    ValueTask<TokenValidation> ValidateAsync(string token, Deadline deadline, CancellationToken aborted);
}

/// <summary>What came of checking a token.</summary>
internal abstract record TokenValidation
{
    private TokenValidation()
    {
    }

    public sealed record Valid(Caller Caller) : TokenValidation;

    /// <summary>The token is unknown or has expired.</summary>
    public sealed record Invalid : TokenValidation
    {
        public static Invalid Instance { get; } = new();
    }

    /// <summary>It could not be checked.</summary>
    public sealed record Unavailable(Problem Problem) : TokenValidation;
}
