using System.Security.Claims;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting.Operator;
using SyncCluster.Settings;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>Finds whom a token belongs to that was given to the console: a customer's user, or the operator.</summary>
internal sealed class Visitors(
    ITokenValidator validator, ReloadedOptions<OperatorOptions> operators, IOptions<WaitingOptions> waiting, TimeProvider timeProvider)
{
    /// <summary>Authenticates a request: sets <see cref="AuthenticatedCaller"/> or <see cref="SignedInOperator"/>, or says why the token is refused.</summary>
    public async ValueTask<Problem?> IdentifyAsync(HttpContext http, string token)
    {
        var arrival = new Deadline(timeProvider, waiting.Value.Maximum);
        switch (await validator.ValidateAsync(token, arrival, http.RequestAborted))
        {
            case TokenValidation.Valid { Caller: var caller }:
                http.Features.Set(new AuthenticatedCaller(caller, token) { Arrival = arrival });
                http.User = Named($"{caller.Customer}/{caller.Username}");
                return null;
            case TokenValidation.Unavailable unavailable:
                return unavailable.Problem;
            default:
                if (!operators.Value.Accepts(token))
                {
                    return Problems.UnknownToken;
                }

                http.Features.Set(SignedInOperator.Instance);
                http.User = Named("operator");
                return null;
        }
    }

    /// <summary>The proof of a page counts for the user that it was made for.</summary>
    private static ClaimsPrincipal Named(string name) => new(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, name)], "console"));
}

/// <summary>Feature of a request whose session is the operator's.</summary>
internal sealed record SignedInOperator
{
    public static SignedInOperator Instance { get; } = new();
}
