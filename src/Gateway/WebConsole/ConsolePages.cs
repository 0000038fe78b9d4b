using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends.Local;
using SyncCluster.WebConsole;
using SyncCluster.WebConsole.Pages;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>Answers with pages.</summary>
internal static class ConsolePages
{
    /// <summary>A page with what every page needs, and what this one shows.</summary>
    /// <typeparam name="TPage">The page; it has a parameter <c>Context</c>.</typeparam>
    /// <param name="http">The request.</param>
    /// <param name="status">The answer's status.</param>
    /// <param name="parameters">The other parameters of the page.</param>
    public static RazorComponentResult<TPage> Page<TPage>(this HttpContext http, int status, params (string Name, object? Value)[] parameters)
        where TPage : IComponent
    {
        var given = parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Value);
        given.Add(nameof(ProblemPage.Context), ContextOf(http));
        return new(given) { StatusCode = status, PreventStreamingRendering = true };
    }

    /// <summary>A problem as a page.</summary>
    public static RazorComponentResult<ProblemPage> Problem(this HttpContext http, Problem problem)
    {
        if (problem.RetryAfter is { } wait)
        {
            http.Response.Headers.RetryAfter = Gateway.Problem.Seconds(wait);
        }

        return http.Page<ProblemPage>(
            problem.Status,
            (nameof(ProblemPage.Status), problem.Status),
            (nameof(ProblemPage.Title), TitleOf(problem.Status)),
            (nameof(ProblemPage.Message), problem.Message));
    }

    private static string TitleOf(int status) =>
        status == StatusCodes.Status413PayloadTooLarge ? "Too large" : ReasonPhrases.GetReasonPhrase(status);

    private static PageContext ContextOf(HttpContext http) => new()
    {
        BasePath = $"{ConsolePaths.RootOf(http.Request)}/",
        Path = ConsolePaths.RelativeOf(http.Request),
        Nonce = ConsoleHeaders.NonceOf(http),
        FormToken = http.RequestServices.GetRequiredService<IAntiforgery>().GetAndStoreTokens(http).RequestToken!,
        Visitor = VisitorOf(http),
        DemoToken = http.RequestServices.GetRequiredService<DemoMode>().IsOn ? DemoMode.UserToken : null,
        HasTasks = http.RequestServices.GetService<TaskReader>() is not null,
    };

    private static Visitor? VisitorOf(HttpContext http) =>
        http.Features.Get<SignedInOperator>() is not null ? new("operator", "", "operator", MayRun: false, SeesCluster: true)
        : http.Features.Get<AuthenticatedCaller>() is { Caller: var caller }
            ? new(
                caller.Username,
                caller.Customer,
                caller.Credential.ToString().ToLowerInvariant(),
                MayRun: caller.Credential >= Credential.User,
                SeesCluster: caller.Credential >= Credential.Admin)
        : null;
}
