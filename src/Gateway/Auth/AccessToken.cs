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
        var found = new Found();
        foreach (var token in query["access_token"])
        {
            found.Add(token);
        }

        foreach (var header in authorization)
        {
            found.Add(Bearer(header));
        }

        found.Add(bodyToken);
        return found switch
        {
            { Token: null } => new None(),
            { IsSecond: true } => new Refused(Problems.TokenTwice),
            { Token: { Length: <= MaxLength } token } => new One(token),
            _ => new None(),
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

    /// <summary>The tokens of a request so far. Empty ones count as absent.</summary>
    private struct Found
    {
        public string? Token { get; private set; }

        public bool IsSecond { get; private set; }

        public void Add(string? token)
        {
            if (!string.IsNullOrEmpty(token))
            {
                IsSecond = Token is not null;
                Token ??= token;
            }
        }
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
