using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Limits;

namespace SyncCluster.Gateway.Requests;

/// <summary>Reads the payload of a call, once a request.</summary>
internal sealed class CallPayloadReader(RequestBodyReader bodies, IOptions<GatewayLimitsOptions> limits) : IBodyTokenReader
{
    /// <exception cref="BadHttpRequestException">The body is too large, or can't be read.</exception>
    public async ValueTask<Result<CallPayload>> ReadAsync(HttpContext http)
    {
        if (http.Features.Get<CallPayload>() is { } read)
        {
            return read;
        }

        if (!(await bodies.ReadAsync(http, limits.Value.Body)).TryGet(out var body, out var refusal))
        {
            return refusal;
        }

        var result = CallPayload.Read(http.Request.ContentType, body, http.Request.Query);
        if (!body.IsEmpty && result.TryGet(out var payload, out _) && payload.Arguments.Length > 2L * limits.Value.Body)
        {
            // A control character of a form is six bytes of JSON; any other takes two at most.
            return Problems.BodyTooLarge;
        }

        if (result.TryGet(out payload, out _) && payload.AccessToken is { Length: > 0 })
        {
            if (http.Features.Get<AuthenticatedCaller>() is not null)
            {
                return Problems.TokenTwice;
            }

            // What asks for the token reads the body before the handler does.
            http.Features.Set(payload);
        }

        return result;
    }

    /// <inheritdoc/>
    async ValueTask<Result<BodyToken>> IBodyTokenReader.ReadTokenAsync(HttpContext http) =>
        (await ReadAsync(http)).TryGet(out var payload, out var problem) ? new BodyToken(payload.AccessToken) : problem;
}
