namespace SyncCluster.Gateway.Auth;

/// <summary>
/// The credential that a route needs. It is said once, where the route is mapped: <see cref="CredentialMiddleware"/> enforces it, and the OpenAPI document
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
        route.WithMetadata(new RequiredCredential(credential, null)).Audits(AuditedRoutes.Read);

    /// <summary>The same for a route whose body may carry the token.</summary>
    /// <typeparam name="TReader">Reads the body.</typeparam>
    public static RouteHandlerBuilder RequireCredential<TReader>(this RouteHandlerBuilder route, Credential credential)
        where TReader : IBodyTokenReader =>
        route.WithMetadata(new RequiredCredential(credential, typeof(TReader))).Audits(AuditedRoutes.Read);
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
