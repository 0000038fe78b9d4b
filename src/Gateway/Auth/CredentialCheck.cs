using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;

namespace SyncCluster.Gateway.Auth;

/// <summary>
/// Lets a request pass whose token has the credential that its route needs (<see cref="RequiredCredential"/>), at the customer that the request names.
/// A body is read here only if the token is nowhere else: a caller without the right to call should not be able to send much.
/// </summary>
internal sealed class CredentialCheck(
    ITokenValidator validator, FailedAuthentications failures, IOptions<WaitingOptions> waiting, TimeProvider timeProvider)
{
    /// <summary>Answers a request that is refused, and passes any other on.</summary>
    public Task InvokeAsync(HttpContext http, RequiredCredential required, RequestDelegate next)
    {
        var refusal = AuthenticateAsync(http, required);

        // Most requests wait long in the handler, and most tokens are checked at once: no state machine is kept for them here.
        return refusal.IsCompletedSuccessfully
            ? refusal.Result is { } problem ? problem.ExecuteAsync(http) : next(http)
            : PassAsync(refusal, http, next);
    }

    private static async Task PassAsync(ValueTask<Problem?> refusal, HttpContext http, RequestDelegate next) =>
        await (await refusal is { } problem ? problem.ExecuteAsync(http) : next(http));

    /// <summary>Sets the <see cref="AuthenticatedCaller"/> of a valid token; says why the request is refused.</summary>
    private async ValueTask<Problem?> AuthenticateAsync(HttpContext http, RequiredCredential required)
    {
        var arrival = new Deadline(timeProvider, waiting.Value.Maximum);
        var found = AccessToken.Find(http.Request.Query, http.Request.Headers.Authorization, bodyToken: null);
        if (found is AccessToken.None && required.BodyTokenReader is not null)
        {
            var reader = (IBodyTokenReader)http.RequestServices.GetRequiredService(required.BodyTokenReader);
            if (!(await reader.ReadTokenAsync(http)).TryGet(out var inBody, out var unreadable))
            {
                return unreadable;
            }

            found = AccessToken.Find(http.Request.Query, http.Request.Headers.Authorization, inBody.Value);
        }

        switch (found)
        {
            case AccessToken.Refused refused:
                return refused.Problem;
            case AccessToken.None:
                return Problems.NoToken;
        }

        var token = ((AccessToken.One)found).Token;
        switch (await validator.ValidateAsync(token, arrival, http.RequestAborted))
        {
            case TokenValidation.Valid { Caller: var caller }:
                UnauthenticatedBodies.Accept(http);
                http.Features.Set(new AuthenticatedCaller(caller, token) { Arrival = arrival });
                return CustomerOf(http) is { } customer && customer != caller.Customer ? Problems.OtherCustomer
                    : caller.Credential < required.Credential ? Problems.Below(required.Credential)
                    : null;
            case TokenValidation.Unavailable unavailable:
                return unavailable.Problem;
            default:
                return failures.Answer(http, Problems.UnknownToken);
        }
    }

    /// <summary>The customer that the path names, or on a path without one the query; null if the request names none: then it is the token's own.</summary>
    private static string? CustomerOf(HttpContext http) =>
        http.Request.RouteValues["customer"] as string ?? CustomerInQuery.Of(http.Request.Query);
}
