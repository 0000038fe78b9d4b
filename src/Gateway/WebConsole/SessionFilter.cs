using Microsoft.AspNetCore.Http.HttpResults;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Limits;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>
/// Lets a request of the console pass whose session has the credential that its route needs (<see cref="ConsoleRoute"/>), and which changes something only if a
/// page of the console has sent it. The handlers behind it are those of the API, and find the same <see cref="AuthenticatedCaller"/>.
/// </summary>
internal sealed class SessionFilter(ConsoleSessions sessions, Visitors visitors, DemoMode demo) : IEndpointFilter
{
    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var route = http.GetEndpoint()!.Metadata.GetRequiredMetadata<ConsoleRoute>();
        if (!route.IsPage)
        {
            return await AdmitAsync(http, route) ?? await next(context);
        }

        object? result;
        try
        {
            result = await AdmitAsync(http, route) ?? await next(context);
        }
        catch (Exception fault) when (fault.IsClusterFault() && !http.RequestAborted.IsCancellationRequested)
        {
            result = Problems.Unreachable;
        }

        return result switch
        {
            Problem { Status: StatusCodes.Status401Unauthorized } => SignInFirst(http),
            Problem problem => http.Problem(problem),
            _ => result,
        };
    }

    private static RedirectHttpResult SignInFirst(HttpContext http)
    {
        // What a form was sent to is no page.
        var path = HttpMethods.IsGet(http.Request.Method) ? ConsolePaths.RelativeOf(http.Request) : "";
        var query = path.Length == 0 ? "" : $"?return={Uri.EscapeDataString(path)}";
        return TypedResults.Redirect(ConsolePaths.LocationOf($"{ConsolePaths.SignIn}{query}"));
    }

    /// <summary>Sets who has signed in; says why the request is refused.</summary>
    private async ValueTask<Problem?> AdmitAsync(HttpContext http, ConsoleRoute route)
    {
        var token = sessions.Find(http);
        if (token is null && demo.IsOn && route.IsPage)
        {
            token = DemoMode.UserToken;
            sessions.Open(http, token);
        }

        if (token is null)
        {
            return Problems.NotSignedIn;
        }

        if (await visitors.IdentifyAsync(http, token) is { } refusal)
        {
            // To a browser whose token was taken back, its session has ended.
            return refusal == Problems.UnknownToken ? Problems.NotSignedIn : refusal;
        }

        UnauthenticatedBodies.Accept(http);
        if (route.Credential is { } needed)
        {
            if (http.Features.Get<AuthenticatedCaller>() is not { } caller)
            {
                return Problems.OfUsersOnly;
            }

            if (caller.Caller.Credential < needed)
            {
                return Problems.Below(needed);
            }
        }

        return await FormTokens.CheckAsync(http);
    }
}

/// <summary>What a route of the console is.</summary>
/// <param name="IsPage">Whether people read its answer, and not a script.</param>
/// <param name="Credential">The least credential of a customer's user that it needs; null: the operator may use it as well.</param>
internal sealed record ConsoleRoute(bool IsPage, Credential? Credential);
