using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;

namespace SyncCluster.Silo.Dashboard;

/// <summary>The page at which an operator signs in and out. It loads nothing, and no other page may frame it.</summary>
internal static class SignInPage
{
    public const string Path = "/sign-in";
    public const string SignOutPath = "/sign-out";
    public const string TokenField = "token";

    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>The form for the token.</summary>
    /// <param name="http">The request.</param>
    /// <param name="status">The answer's status.</param>
    /// <param name="message">Why the last attempt was refused; null if there was none.</param>
    public static ContentHttpResult SignIn(HttpContext http, int status, string? message = null) => Of(
        http,
        status,
        $"""
        {(message is null ? "" : $"<p role=\"alert\">{WebUtility.HtmlEncode(message)}</p>")}
        <form method="post" action="{Path}">
        <label>Operator's token <input name="{TokenField}" type="password" autocomplete="current-password" required autofocus></label>
        <button>Sign in</button>
        </form>
        """);

    /// <summary>For who is signed in.</summary>
    public static ContentHttpResult SignOut(HttpContext http) => Of(
        http,
        StatusCodes.Status200OK,
        $"""
        <p>You are signed in. <a href="/">Dashboard</a></p>
        <form method="post" action="{SignOutPath}"><button>Sign out</button></form>
        """);

    private static ContentHttpResult Of(HttpContext http, int status, string content)
    {
        http.Response.Headers.ContentSecurityPolicy = Policy;
        return TypedResults.Content(
            $$"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <title>SyncCluster silo</title>
            <style>
            body { font: 1rem system-ui, sans-serif; max-width: 24rem; margin: 15vh auto; padding: 0 1rem; color-scheme: light dark }
            label, input, button { display: block; width: 100%; box-sizing: border-box; margin: .5rem 0; font: inherit; padding: .4rem }
            label { padding: 0 }
            </style>
            </head>
            <body>
            <h1>SyncCluster silo</h1>
            {{content}}
            </body>
            </html>
            """,
            "text/html",
            Encoding.UTF8,
            status);
    }
}
