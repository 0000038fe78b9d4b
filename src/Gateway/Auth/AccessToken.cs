using Microsoft.Extensions.Primitives;

namespace SyncCluster.Gateway.Auth;

/// <summary>The access token of a request: in the query, in the <c>Authorization</c> header or in the body.</summary>
internal abstract record AccessToken
{
    private const string Scheme = "Bearer";

    private AccessToken()
    {
    }

    /// <summary>In characters. A longer token is unknown: no token that is issued is that long.</summary>
    public const int MaxLength = 4096;

    /// <summary>
    /// Finds the one token of a request. A client must not send it in two places (RFC 6750, 2), even if both are equal: a proxy may check one of them
    /// and this server the other.
    /// </summary>
    /// <param name="query">The request's query.</param>
    /// <param name="authorization">Its <c>Authorization</c> header. Another scheme, or a malformed header, counts as absent.</param>
    /// <param name="bodyToken">The token that the body carries, or null.</param>
    public static AccessToken Find(IQueryCollection query, StringValues authorization, string? bodyToken)
    {
        string?[] given = [.. query["access_token"], .. authorization.Select(Bearer), bodyToken];
        return given.Where(token => !string.IsNullOrEmpty(token)).Take(2).ToArray() switch
        {
            [] => new None(),
            [{ Length: <= MaxLength } token] => new One(token),
            [_] => new None(),
            _ => new Refused(Problems.TokenTwice),
        };
    }

    private static string? Bearer(string? header)
    {
        var text = header.AsSpan().Trim(' ');
        if (!text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var rest = text[Scheme.Length..];
        var token = rest.TrimStart(' ');
        return token.Length < rest.Length && !token.ContainsAnyExceptInRange('!', '~') ? token.ToString() : null;
    }

    /// <summary>No token, or one that is too long to be known.</summary>
    internal sealed record None : AccessToken;

    internal sealed record One(string Token) : AccessToken
    {
        /// <summary>Keeps the token out of logs.</summary>
        public override string ToString() => "a token";
    }

    /// <param name="Problem">What the request is answered with.</param>
    internal sealed record Refused(Problem Problem) : AccessToken;
}
