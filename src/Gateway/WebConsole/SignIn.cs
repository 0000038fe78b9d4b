using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Limits;
using SyncCluster.Hosting.Auditing;
using SyncCluster.WebConsole.Pages;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>Signing in with a token, and out. A token is checked as that of a call is, and wrong ones are counted with those.</summary>
internal sealed class SignIn(ConsoleSessions sessions, Visitors visitors, FailedAuthentications failures)
{
    /// <summary>No form that is sent here is longer.</summary>
    private const int MaximumForm = 32 * 1024;

    public static void Map(RouteGroupBuilder console)
    {
        console.MapGet(ConsolePaths.SignIn, (HttpContext http) => Show(http, StatusCodes.Status200OK, http.Request.Query["return"].ToString()));
        console.MapPost(ConsolePaths.SignIn, (HttpContext http, SignIn handler) => handler.OpenAsync(http))
            .WithMetadata(new AuditedAction("sign-in", CallerOf));
        console.MapPost("sign-out", (HttpContext http, SignIn handler) => handler.Close(http)).IsPage(null);
    }

    private static RazorComponentResult<SignInPage> Show(HttpContext http, int status, string path, string? message = null) => http.Page<SignInPage>(
        status,
        (nameof(SignInPage.Return), path),
        (nameof(SignInPage.Message), message));

    internal static AuditedCaller? CallerOf(HttpContext http) =>
        http.Features.Get<SignedInOperator>() is not null ? new("operator-token")
        : http.Features.Get<AuthenticatedCaller>() is { Caller: var caller } ? new("token", caller.Customer, caller.Username)
        : null;

    private async Task<IResult> OpenAsync(HttpContext http)
    {
        if (!await IsFormAsync(http))
        {
            return Show(http, StatusCodes.Status400BadRequest, "", Problems.NotFromConsole.Message);
        }

        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        var (token, path) = (form["token"].ToString().Trim(), form["return"].ToString());
        var refusal = token.Length is > 0 and <= AccessToken.MaxLength ? await visitors.IdentifyAsync(http, token) : Problems.UnknownToken;
        if (refusal is not null)
        {
            var problem = failures.Answer(http, refusal);
            if (problem.RetryAfter is { } wait)
            {
                http.Response.Headers.RetryAfter = Problem.Seconds(wait);
            }

            return Show(http, problem.Status, path, problem.Message);
        }

        sessions.Open(http, token);
        return SeeOther(http, path);
    }

    private StatusCodeHttpResult Close(HttpContext http)
    {
        sessions.Close(http);
        return SeeOther(http, ConsolePaths.SignIn);
    }

    /// <summary>As a page of the console sends it.</summary>
    private static async Task<bool> IsFormAsync(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaximumForm;
        }

        return http.Request.HasFormContentType && await FormTokens.AreRightAsync(http);
    }

    /// <summary>Only to the console: what the form names comes behind its address.</summary>
    private static StatusCodeHttpResult SeeOther(HttpContext http, string path)
    {
        // What is no part of an address would end the header.
        http.Response.Headers.Location = ConsolePaths.LocationOf(path.All(letter => letter is > ' ' and <= '~' and not '\\') ? path : "");
        return TypedResults.StatusCode(StatusCodes.Status303SeeOther);
    }
}
