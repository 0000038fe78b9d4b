using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;

namespace SyncCluster.Gateway.Api.Sync;

/// <summary>
/// Lets requests in whose body says something. It is read last: who may not ask, or asks too much, may not send much either. Only a token that is not
/// given yet may be in it.
/// </summary>
internal sealed class CallIntake(AccessTokenAuthenticator gate, ITaskBackend backend, RequestLimiter callLimits, IOptions<RequestLimits> limits)
{
    /// <summary>Lets the bearer of a token in.</summary>
    /// <param name="http">The request.</param>
    /// <param name="customer">Whom the token must be of; null for anybody.</param>
    /// <param name="needed">The least credential that will do.</param>
    /// <param name="limit">What is too much of the request; given the customer.</param>
    /// <param name="read">Reads the body.</param>
    /// <param name="deadline">When the request must have been answered.</param>
    public async Task<Intake> AdmitAsync(
        HttpContext http,
        string? customer,
        Credential needed,
        Func<HttpContext, string, Problem?> limit,
        Func<HttpContext, Task<CallPayload>> read,
        Deadline deadline)
    {
        var admission = await gate.AuthenticateAsync(http.Request, null, customer, needed, deadline);
        if (admission is { Refusal: { } early, TokenGiven: true })
        {
            return early;
        }

        if (admission.Caller is { } known && limit(http, known.Customer) is { } tooMuch)
        {
            return tooMuch;
        }

        var body = await read(http);
        if (body is CallPayload.Refused refused)
        {
            return new Problem(refused.Status, refused.Message);
        }

        var arguments = (CallPayload.Arguments)body;
        if (arguments.AccessToken is not null)
        {
            admission = await gate.AuthenticateAsync(http.Request, arguments.AccessToken, customer, needed, deadline);
            if (admission.Caller is { } late && limit(http, late.Customer) is { } lateTooMuch)
            {
                return lateTooMuch;
            }
        }

        return admission.Refusal is { } refusal ? refusal : new Intake(null) { Caller = admission.Caller, Token = admission.Token, Arguments = arguments };
    }

    /// <summary>Lets whoever knows a task's secret call it.</summary>
    public async Task<Intake> AdmitBySecretAsync(
        HttpContext http, string customer, string task, string secret, Func<HttpContext, Task<CallPayload>> read, Deadline deadline)
    {
        if ((await backend.CheckSecretAsync(customer, task, secret, deadline, http.RequestAborted) ?? callLimits.CallBySecret(http, customer)) is { } refusal)
        {
            return refusal;
        }

        return await read(http) switch
        {
            CallPayload.Refused refused => new Problem(refused.Status, refused.Message),
            var body => new Intake(null) { Arguments = (CallPayload.Arguments)body },
        };
    }

    /// <summary>The body of a call.</summary>
    public async Task<CallPayload> ReadAsync(HttpContext http) => CallPayload.Read(
        http.Request.ContentType, await RequestBody.ReadAsync(http.Request, limits.Value.Body), http.Request.Query);
}

/// <summary>What came of letting a request in.</summary>
/// <param name="Refusal">Why it is refused; null where it is not, and then there are arguments.</param>
internal readonly record struct Intake(Problem? Refusal)
{
    /// <summary>Who asks; null with a secret.</summary>
    public Caller? Caller { get; init; }

    /// <summary>The caller's token; null with a secret.</summary>
    public string? Token { get; init; }

    /// <summary>What the body says.</summary>
    public CallPayload.Arguments? Arguments { get; init; }

    /// <summary>Keeps the token out of logs.</summary>
    public override string ToString() => Caller?.Username ?? "a request";

    public static implicit operator Intake(Problem refusal) => new(refusal);
}
