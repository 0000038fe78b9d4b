using System.Globalization;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Settings;

namespace SyncCluster.Hosting.Operator;

/// <summary>Opens routes to the operator only.</summary>
internal static class OperatorToken
{
    /// <summary>Adds what the routes need, beside the counter of failed authentications.</summary>
    public static void AddOperator(this IServiceCollection services)
    {
        services.AddValidatedOptions<OperatorOptions, OperatorOptionsValidator>(OperatorOptions.Section);
        services.AddReloadedOptions(new ReloadRule<OperatorOptions>(OperatorOptions.Section, RefusalOf));
        services.AddSingleton<OperatorTokenCheck>();
    }

    /// <summary>The filter of the routes.</summary>
    public static async ValueTask<object?> RequireAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        switch (Check(http))
        {
            case OperatorTokenResult.Right:
                return await next(context);
            case OperatorTokenResult.TooMany { Wait: var wait }:
                http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString("F0", CultureInfo.InvariantCulture);
                return TypedResults.Problem(OperatorTokenResult.TooManyMessage, statusCode: StatusCodes.Status429TooManyRequests);
        }

        http.Response.Headers.WWWAuthenticate = "Bearer";
        return TypedResults.Problem(
            http.RequestServices.GetRequiredService<ReloadedOptions<OperatorOptions>>().Value.TokenSha256.Length == 0
                ? "This server has no operator token: set Operator:TokenSha256."
                : "Send the operator's token as `Authorization: Bearer …`.",
            statusCode: StatusCodes.Status401Unauthorized);
    }

    /// <summary>Whose token a request has.</summary>
    public static OperatorTokenResult Check(HttpContext http) =>
        http.RequestServices.GetRequiredService<OperatorTokenCheck>().Check(http, BearerOf(http));

    /// <summary>For the audit log.</summary>
    public static AuditedCaller? CallerOf(HttpContext http) =>
        http.Response.StatusCode is StatusCodes.Status401Unauthorized or StatusCodes.Status429TooManyRequests
            ? null
            : new AuditedCaller("operator-token");

    private static string? RefusalOf(OperatorOptions current, OperatorOptions changed) =>
        current.TokenSha256.Length > 0 && changed.TokenSha256.Length == 0 ? "Operator:TokenSha256 is empty." : null;

    /// <summary>The bearer token of a request; empty for what is none; null if there is nothing.</summary>
    private static string? BearerOf(HttpContext http)
    {
        const string Scheme = "Bearer ";
        var authorization = http.Request.Headers.Authorization.ToString();
        return authorization.Length == 0 ? null
            : authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? authorization[Scheme.Length..].Trim()
            : "";
    }
}
