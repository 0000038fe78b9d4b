using SyncCluster.Hosting.Authentication;
using SyncCluster.Settings;

namespace SyncCluster.Hosting.Operator;

/// <summary>Says whether a token is the operator's, and counts wrong ones by their address.</summary>
internal sealed class OperatorTokenCheck(ReloadedOptions<OperatorOptions> options, FailureCounter failures)
{
    /// <param name="http">The request.</param>
    /// <param name="token">The token that it shows; null if it shows none, which is not counted.</param>
    public OperatorTokenResult Check(HttpContext http, string? token) =>
        token is null ? new OperatorTokenResult.Wrong()
        : options.Value.Accepts(token) ? new OperatorTokenResult.Right()
        : failures.Count(http.Connection.RemoteIpAddress) is { } wait ? new OperatorTokenResult.TooMany(wait)
        : new OperatorTokenResult.Wrong();
}

/// <summary>What a token is.</summary>
internal abstract record OperatorTokenResult
{
    public const string TooManyMessage = "Too many requests from your address had a wrong token. One with the operator's token is always answered.";

    public sealed record Right : OperatorTokenResult;

    public sealed record Wrong : OperatorTokenResult;

    /// <param name="Wait">In how long the next wrong one will be answered as such.</param>
    public sealed record TooMany(TimeSpan Wait) : OperatorTokenResult;
}
