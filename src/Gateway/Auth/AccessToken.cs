using Microsoft.Extensions.Primitives;

namespace SyncCluster.Gateway.Auth;

/// <summary>The token of a call, from wherever the caller put it.</summary>
internal abstract record AccessToken
{
    private const string Scheme = "Bearer";

    private AccessToken()
    {
    }

    /// <summary>Characters beyond which a token is nobody's: none that is issued is that long.</summary>
    public const int MaxLength = 4096;

    /// <summary>
    /// Finds the one token of a call. RFC 6750 says that a client must not use two ways at once; which one would count is a question that a
    /// caller and a proxy may answer differently, so that is refused even if both are equal.
    /// </summary>
    /// <param name="query">The request's query.</param>
    /// <param name="authorization">Its <c>Authorization</c> header. Another scheme, or a malformed one, is none of ours and counts as absent.</param>
    /// <param name="bodyToken">The token that the body carries, or null.</param>
    public static AccessToken Find(IQueryCollection query, StringValues authorization, string? bodyToken)
    {
        string?[] given = [.. query["access_token"], .. authorization.Select(Bearer), bodyToken];
        return given.Where(token => !string.IsNullOrEmpty(token)).Take(2).ToArray() switch
        {
            [] => new None(),
            [{ Length: <= MaxLength } token] => new One(token),
            [_] => new None(),
            _ => new Refused("The access token is given more than once. Send it in one place: `Authorization: Bearer …`, `?access_token=…` or the body."),
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

    /// <summary>No token, or one that can't be anybody's.</summary>
    internal sealed record None : AccessToken;

    internal sealed record One(string Token) : AccessToken
    {
        /// <summary>Keeps the token out of logs.</summary>
        public override string ToString() => "a token";
    }

    /// <param name="Message">Why the call is a 400.</param>
    internal sealed record Refused(string Message) : AccessToken;
}
