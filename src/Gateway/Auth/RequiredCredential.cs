namespace SyncCluster.Gateway.Auth;

/// <summary>
/// The credential that a route needs. It is said once, where the route is mapped: <see cref="CredentialCheck"/> enforces it, and the OpenAPI document
/// shows it.
/// </summary>
/// <param name="Credential">The least credential.</param>
/// <param name="BodyTokenReader">The <see cref="IBodyTokenReader"/> of a route whose body may carry the token; else null.</param>
internal sealed record RequiredCredential(Credential Credential, Type? BodyTokenReader)
{
    /// <summary>In TheEye's words.</summary>
    public string Name => Credential.ToString().ToLowerInvariant();
}

/// <summary>Puts a credential on routes.</summary>
internal static class RequiredCredentialExtensions
{
    /// <summary>The route needs a token with this credential, in the query or the <c>Authorization</c> header.</summary>
    public static RouteHandlerBuilder RequireCredential(this RouteHandlerBuilder route, Credential credential) =>
        route.Require(new RequiredCredential(credential, BodyTokenReader: null));

    /// <summary>The same for a route whose body may carry the token.</summary>
    /// <typeparam name="TReader">Reads the body.</typeparam>
    public static RouteHandlerBuilder RequireCredential<TReader>(this RouteHandlerBuilder route, Credential credential)
        where TReader : IBodyTokenReader => route.Require(new RequiredCredential(credential, typeof(TReader)));

    /// <summary>
    /// The check is a part of the route, whatever comes before it. It is no filter: with one, each request would hold two more state machines while it
    /// waits.
    /// </summary>
    private static RouteHandlerBuilder Require(this RouteHandlerBuilder route, RequiredCredential required)
    {
        route.Add(endpoint =>
        {
            var handler = endpoint.RequestDelegate!;
            var check = ((RouteEndpointBuilder)endpoint).ApplicationServices.GetRequiredService<CredentialCheck>();
            endpoint.RequestDelegate = http => check.InvokeAsync(http, required, handler);
        });
        return route.WithMetadata(required).Audits(AuditedRoutes.Read);
    }
}

/// <summary>Finds the token in the body of a request that has none elsewhere.</summary>
internal interface IBodyTokenReader
{
    /// <exception cref="BadHttpRequestException">The body is too large, or can't be read.</exception>
    ValueTask<Result<BodyToken>> ReadTokenAsync(HttpContext http);
}

/// <param name="Value">The token; null if the body has none.</param>
internal readonly record struct BodyToken(string? Value)
{
    /// <summary>Keeps the token out of logs.</summary>
    public override string ToString() => nameof(BodyToken);
}
