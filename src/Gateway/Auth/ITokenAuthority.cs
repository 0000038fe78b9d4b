using SyncCluster.Gateway.Problems;

namespace SyncCluster.Gateway.Auth;

/// <summary>Knows whom a token speaks for.</summary>
internal interface ITokenAuthority
{
    /// <exception cref="OperationCanceledException">Nobody waits for the answer any more.</exception>
    ValueTask<TokenVerdict> FindAsync(string token, CancellationToken cancellation);
}

/// <summary>What is known of a token.</summary>
internal abstract record TokenVerdict
{
    private TokenVerdict()
    {
    }

    public sealed record Known(Caller Caller) : TokenVerdict;

    /// <summary>Nobody's, or not any more.</summary>
    public sealed record Unknown : TokenVerdict
    {
        public static Unknown Instance { get; } = new();
    }

    /// <summary>It could not be found out.</summary>
    public sealed record Undecided(Problem Problem) : TokenVerdict;
}
