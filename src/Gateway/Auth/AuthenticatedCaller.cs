using Microsoft.AspNetCore.Http.Features;
using SyncCluster.Gateway.Waiting;

namespace SyncCluster.Gateway.Auth;

/// <summary>The caller of a request whose token was accepted; the handler finds it in the request's features.</summary>
/// <param name="Caller">Who the token belongs to.</param>
/// <param name="Token">The token: a backend may have to pass it on.</param>
internal sealed record AuthenticatedCaller(Caller Caller, string Token)
{
    /// <summary>When the request arrived, and the longest time that it may wait.</summary>
    public required Deadline Arrival { get; init; }

    /// <summary>Keeps the token out of logs.</summary>
    public override string ToString() => Caller.Username;
}

internal static class AuthenticatedCallerExtensions
{
    /// <summary>The caller of a request to a route that requires a credential.</summary>
    public static AuthenticatedCaller GetCaller(this HttpContext http) => http.Features.GetRequiredFeature<AuthenticatedCaller>();
}
