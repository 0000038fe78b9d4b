using System.Net;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Limits;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>Answers a read with what TheEye answers to the same request with the same token.</summary>
internal sealed class TheEyeForwarder(SupervisorClient supervisor, TheEyeTokenValidator tokens, RequestLimiter limiter)
{
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    public async Task<IResult> ForwardAsync(HttpContext http)
    {
        var caller = http.GetCaller();
        if (http.Request.RouteValues["job"] is string job && !JobId.IsValid(job))
        {
            return Problems.NoSuchJob;
        }

        if (caller.Caller.Credential == Credential.Agent)
        {
            return Problems.TheEye.QueueIsElsewhere;
        }

        if (limiter.Add(http, caller.Caller.Customer) is { } tooMany)
        {
            return tooMany;
        }

        var reply = await supervisor.ForwardAsync(http.Request.Path.ToUriComponent() + QueryOf(http.Request), caller.Token, http.RequestAborted);
        if (reply is TheEyeReply.Ok ok)
        {
            return new JsonBytes(StatusCodes.Status200OK, ok.Body);
        }

        tokens.ForgetIfUnauthorized(caller.Token, reply);
        return Problems.TheEye.OfJob(reply);
    }

    /// <summary>The query as it came, without the token.</summary>
    private static string QueryOf(HttpRequest request)
    {
        var parts = request.QueryString.Value is { Length: > 1 } query
            ? query[1..].Split('&').Where(part => part.Length > 0 && !IsToken(part)).ToArray()
            : [];
        return parts.Length == 0 ? "" : $"?{string.Join('&', parts)}";
    }

    private static bool IsToken(string part) => WebUtility.UrlDecode(part.Split('=')[0]) == "access_token";
}
