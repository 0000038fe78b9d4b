using System.Collections.Frozen;
using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Orleans.Configuration;
using Orleans.Dashboard;
using SyncCluster.Hosting;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Hosting.Operator;
using SyncCluster.Settings;

namespace SyncCluster.Silo.Dashboard;

/// <summary>
/// The Orleans Dashboard at an address of its own, for operators. It is off, and none of its grains and filters are there, unless <c>Dashboard:Url</c> is
/// set. Browsers send no bearer tokens: an operator signs in with the token, and has a cookie that is good for this dashboard alone.
/// </summary>
internal static class DashboardExtensions
{
    /// <summary>No form that is sent to the sign-in is longer.</summary>
    private const int MaximumForm = 1024;

    /// <summary>
    /// The dashboard's routes that are served, by their first part; also those of later versions are not, unless they are named here. <c>GrainState</c> calls
    /// methods of grains that a query names, and <c>Trace</c> streams the log.
    /// </summary>
    private static readonly FrozenSet<string> Shown = new[]
    {
        "", "index.html", "favicon.ico", "index.min.js", "index.css", "fonts", "img", "version", "DashboardCounters", "ClusterStats", "Reminders",
        "HistoricalStats", "SiloProperties", "SiloMetadata", "SiloStats", "SiloCounters", "GrainStats", "TopGrainMethods", "LifecycleStages", "GrainTypes",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Adds the dashboard, if it is on.</summary>
    public static void AddOperatorDashboard(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddValidatedOptions<DashboardAddressOptions, DashboardAddressOptionsValidator>(DashboardAddressOptions.Section);
        if (DashboardAddressOptions.Parse(builder.Configuration[$"{DashboardAddressOptions.Section}:{nameof(DashboardAddressOptions.Url)}"]) is { } address)
        {
            builder.UseOrleans(silo => silo.AddDashboard(dashboard => dashboard.HideTrace = true));
            builder.ListenAlso("Dashboard", address.GetLeftPart(UriPartial.Authority));
            services.AddSingleton<DashboardSessions>();
            services.AddSingleton(new DashboardAddress(address.Port));
        }
        else
        {
            // A silo with the dashboard would have its grain made here, where what the grain needs is missing.
            services.PostConfigure<GrainTypeOptions>(types => types.Classes.RemoveWhere(type => type.Assembly == typeof(DashboardOptions).Assembly));
        }
    }

    /// <summary>Serves the dashboard at its port, and nothing else there; at other ports there is nothing of it.</summary>
    public static void UseOperatorDashboard(this WebApplication app)
    {
        if (app.Services.GetService<DashboardAddress>() is { } address)
        {
            app.MapWhen(http => http.Connection.LocalPort == address.Port, dashboard =>
            {
                dashboard.Use(PrepareAsync);
                dashboard.UseRouting();
                dashboard.UseMiddleware<AuditMiddleware>();
                dashboard.Use(GuardAsync);
                dashboard.UseEndpoints(routes =>
                {
                    routes.MapOrleansDashboard();
                    routes.MapGet(SignInPage.Path, ShowSignIn).WithMetadata(OpenToAll.Instance);
                    routes.MapPost(SignInPage.Path, SignInAsync).WithMetadata(OpenToAll.Instance, new AuditedAction("sign-in", OperatorToken.CallerOf));
                    routes.MapPost(SignInPage.SignOutPath, SignOut);
                });
            });
        }
    }

    private static Task PrepareAsync(HttpContext http, RequestDelegate next)
    {
        // What the silo's own routes have found: none of them is here.
        http.SetEndpoint(null);
        var headers = http.Response.Headers;
        headers.CacheControl = "no-store";
        headers.XFrameOptions = "DENY";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        return next(http);
    }

    private static Task GuardAsync(HttpContext http, RequestDelegate next)
    {
        var endpoint = http.GetEndpoint() as RouteEndpoint;
        var isOpen = endpoint?.Metadata.GetMetadata<OpenToAll>() is not null;
        var route = endpoint?.RoutePattern.RawText?.TrimStart('/') ?? "";
        var result =
            isOpen ? null
            : !http.RequestServices.GetRequiredService<DashboardSessions>().IsOpen(http.Request.Cookies[CookieOf(http)]) ? Unknown(http)
            : endpoint is null || !(Shown.Contains(route.Split('/')[0]) || route == SignInPage.SignOutPath.TrimStart('/')) ? TypedResults.NotFound()
            : null;
        return result is null ? next(http) : result.ExecuteAsync(http);
    }

    /// <summary>A page is answered with the sign-in, what a page asks for with an error.</summary>
    private static IResult Unknown(HttpContext http) => http.Request.Path.Value is "/" or "/index.html" && HttpMethods.IsGet(http.Request.Method)
        ? TypedResults.Redirect(SignInPage.Path)
        : TypedResults.Problem($"Sign in at {SignInPage.Path} with the operator's token.", statusCode: StatusCodes.Status401Unauthorized);

    private static ContentHttpResult ShowSignIn(HttpContext http, DashboardSessions sessions) =>
        sessions.IsOpen(http.Request.Cookies[CookieOf(http)]) ? SignInPage.SignOut(http) : SignInPage.SignIn(http, StatusCodes.Status200OK);

    private static async Task<IResult> SignInAsync(HttpContext http, DashboardSessions sessions, OperatorTokenCheck tokens)
    {
        // As browsers send the form.
        if (http.Request.ContentType?.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) != true
            || http.Request.ContentLength is not <= MaximumForm)
        {
            return TypedResults.BadRequest();
        }

        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        switch (tokens.Check(http, form[SignInPage.TokenField].ToString()))
        {
            case OperatorTokenResult.Right:
                http.Response.Cookies.Append(CookieOf(http), sessions.Open(), CookieOptionsOf(http));
                return SeeOther(http, "/");
            case OperatorTokenResult.TooMany { Wait: var wait }:
                http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString("F0", CultureInfo.InvariantCulture);
                return SignInPage.SignIn(http, StatusCodes.Status429TooManyRequests, OperatorTokenResult.TooManyMessage);
            default:
                return SignInPage.SignIn(http, StatusCodes.Status401Unauthorized, "This is not the operator's token.");
        }
    }

    private static StatusCodeHttpResult SignOut(HttpContext http, DashboardSessions sessions)
    {
        sessions.Close(http.Request.Cookies[CookieOf(http)]!);
        http.Response.Cookies.Delete(CookieOf(http), CookieOptionsOf(http));
        return SeeOther(http, SignInPage.Path);
    }

    private static StatusCodeHttpResult SeeOther(HttpContext http, string path)
    {
        http.Response.Headers.Location = path;
        return TypedResults.StatusCode(StatusCodes.Status303SeeOther);
    }

    /// <summary>Cookies are not told apart by port: two silos of a machine would overwrite each other's.</summary>
    private static string CookieOf(HttpContext http) => $"synccluster-dashboard-{http.Connection.LocalPort}";

    private static CookieOptions CookieOptionsOf(HttpContext http) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = http.Request.IsHttps,
        Path = "/",
        MaxAge = DashboardSessions.Lifetime,
    };

    /// <param name="Port">Where the dashboard is.</param>
    private sealed record DashboardAddress(int Port);

    /// <summary>Metadata of a route that needs no session.</summary>
    private sealed class OpenToAll
    {
        public static OpenToAll Instance { get; } = new();
    }
}
