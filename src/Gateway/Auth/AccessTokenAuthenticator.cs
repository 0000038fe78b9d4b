using SyncCluster.Gateway.Waiting;

namespace SyncCluster.Gateway.Auth;

/// <summary>Whether a request may pass: one of the two is set.</summary>
internal readonly record struct AuthenticationResult(Caller? Caller, Problem? Refusal)
{
    /// <summary>Whether it was refused for another reason than that there is no token.</summary>
    public bool TokenGiven { get; init; }

    /// <summary>The caller's token.</summary>
    public string? Token { get; init; }

    /// <summary>Keeps the token out of logs.</summary>
    public override string ToString() => Caller?.Username ?? "refused";

    public static implicit operator AuthenticationResult(Problem refusal) => new(null, refusal) { TokenGiven = true };
}

/// <summary>Lets requests in by their token.</summary>
internal sealed class AccessTokenAuthenticator(ITokenValidator authority)
{
    public static Problem NoToken { get; } = new(
        StatusCodes.Status401Unauthorized,
        "There is no access token. Send it as ?access_token=…, as Authorization: Bearer …, or as access_token in the body.");

    public static Problem UnknownToken { get; } = new(StatusCodes.Status401Unauthorized, "The access token is unknown or has expired.");

    public static Problem OtherCustomer { get; } = new(
        StatusCodes.Status403Forbidden, "The token's current customer is not the one of the path.", "EORACC");

    public static Problem NotOnTaskList { get; } = new(StatusCodes.Status403Forbidden, "You are not on the access list of this task.");

    public static Problem NotOnJobList { get; } = new(StatusCodes.Status403Forbidden, "You are not on the access list of this job's task.");

    public static Problem Below(Credential needed) => new(
        StatusCodes.Status403Forbidden, $"This needs the credential {needed.ToString().ToLowerInvariant()} or a higher one.");

    /// <param name="request">Its query and its <c>Authorization</c> are looked at.</param>
    /// <param name="bodyToken">The token in the request's body, if there is one.</param>
    /// <param name="customer">The customer whom the request names: the token must be one of his. Null: it names none, and the token's own it is.</param>
    /// <param name="needed">The least credential that will do.</param>
    /// <param name="deadline">When the request must have been answered, where it waits for a job.</param>
    public async ValueTask<AuthenticationResult> AuthenticateAsync(HttpRequest request, string? bodyToken, string? customer, Credential needed, Deadline? deadline = null)
    {
        switch (AccessToken.Find(request.Query, request.Headers.Authorization, bodyToken))
        {
            case AccessToken.Refused refused:
                return new Problem(StatusCodes.Status400BadRequest, refused.Message);
            case AccessToken.One one:
                return await authority.ValidateAsync(one.Token, deadline, request.HttpContext.RequestAborted) switch
                {
                    TokenValidation.Valid { Caller: var caller } when customer is not null && caller.Customer != customer => OtherCustomer,
                    TokenValidation.Valid { Caller: var caller } when caller.Credential < needed => Below(needed),
                    TokenValidation.Valid { Caller: var caller } => new AuthenticationResult(caller, null) { Token = one.Token },
                    TokenValidation.Unavailable undecided => undecided.Problem,
                    _ => UnknownToken,
                };
            default:
                return new AuthenticationResult(null, NoToken);
        }
    }
}
