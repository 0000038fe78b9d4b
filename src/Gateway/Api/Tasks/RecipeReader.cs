using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Requests;

namespace SyncCluster.Gateway.Api.Tasks;

/// <summary>Reads the recipe of an import, once a request. A caller that has not shown a token yet may send no more than a call may have.</summary>
internal sealed class RecipeReader(RequestBodyReader bodies, IOptions<GatewayLimitsOptions> limits) : IBodyTokenReader
{
    /// <exception cref="BadHttpRequestException">The body is too large, or can't be read.</exception>
    public async ValueTask<Result<RecipeBody>> ReadAsync(HttpContext http)
    {
        if (http.Features.Get<RecipeBody>() is { } read)
        {
            return read;
        }

        var isAuthenticated = http.Features.Get<AuthenticatedCaller>() is not null;
        if (!http.Request.HasJsonContentType())
        {
            return isAuthenticated ? Problems.RecipeNotJson : Problems.NoToken;
        }

        RecipeBody body;
        try
        {
            var limit = isAuthenticated ? limits.Value.Import : Math.Min(limits.Value.Body, limits.Value.Import);
            if (!(await bodies.ReadAsync(http, limit)).TryGet(out var json, out var refusal))
            {
                return refusal;
            }

            body = new RecipeBody(json);
        }
        catch (BadHttpRequestException tooLarge) when (tooLarge.StatusCode == StatusCodes.Status413PayloadTooLarge && !isAuthenticated)
        {
            return Problems.TooLargeToLookForToken;
        }

        var members = JsonPayload.Find(body.Json) ?? default;
        if (members.Problem is not null)
        {
            return members.Problem;
        }

        if (members.AccessToken is { Length: > 0 } && isAuthenticated)
        {
            return Problems.TokenTwice;
        }

        body = body with { AccessToken = members.AccessToken };
        http.Features.Set(body);
        return body;
    }

    /// <inheritdoc/>
    async ValueTask<Result<BodyToken>> IBodyTokenReader.ReadTokenAsync(HttpContext http) =>
        (await ReadAsync(http)).TryGet(out var body, out var problem) ? new BodyToken(body.AccessToken) : problem;
}

/// <summary>The body of an import.</summary>
/// <param name="Json">As it was sent.</param>
internal sealed record RecipeBody(ReadOnlyMemory<byte> Json)
{
    /// <summary>The token beside <c>task</c> and <c>file</c>; null if there is none.</summary>
    public string? AccessToken { get; init; }

    /// <summary>Keeps the token and the task's environment out of logs.</summary>
    public override string ToString() => $"{Json.Length} bytes of a recipe";
}
