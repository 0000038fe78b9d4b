using System.Globalization;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Hosting.Authentication;
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
    }

    /// <summary>The filter of the routes.</summary>
    public static async ValueTask<object?> RequireAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var options = http.RequestServices.GetRequiredService<ReloadedOptions<OperatorOptions>>().Value;
        var authorization = http.Request.Headers.Authorization.ToString();
        if (options.Accepts(authorization))
        {
            return await next(context);
        }

        if (authorization.Length > 0 && http.RequestServices.GetRequiredService<FailureCounter>().Count(http.Connection.RemoteIpAddress) is { } wait)
        {
            http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString("F0", CultureInfo.InvariantCulture);
            return TypedResults.Problem(
                "Too many requests from your address had a wrong token. One with the operator's token is always answered.",
                statusCode: StatusCodes.Status429TooManyRequests);
        }

        http.Response.Headers.WWWAuthenticate = "Bearer";
        return TypedResults.Problem(
            options.TokenSha256.Length == 0
                ? "This server has no operator token: set Operator:TokenSha256."
                : "Send the operator's token as `Authorization: Bearer …`.",
            statusCode: StatusCodes.Status401Unauthorized);
    }

    /// <summary>For the audit log.</summary>
    public static AuditedCaller? CallerOf(HttpContext http) =>
        http.Response.StatusCode is StatusCodes.Status401Unauthorized or StatusCodes.Status429TooManyRequests
            ? null
            : new AuditedCaller("operator-token");

    private static string? RefusalOf(OperatorOptions current, OperatorOptions changed) =>
        current.TokenSha256.Length > 0 && changed.TokenSha256.Length == 0 ? "Operator:TokenSha256 is empty." : null;
}
