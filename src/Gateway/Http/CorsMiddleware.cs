using Microsoft.Extensions.Options;

namespace SyncCluster.Gateway.Http;

/// <summary>Which web pages may use the service from a browser. Section <c>Cors</c>.</summary>
internal sealed class CorsOptions
{
    public const string Section = "Cors";

    /// <summary>Origins such as <c>https://app.example.com</c>. Empty, the default: any origin may run tasks and read jobs, none may change tasks.</summary>
    public string[] AllowedOrigins { get; set; } = [];
}

/// <summary>
/// The headers that let web pages call, and the common ones, on every answer as TheEye's page shows them. The framework's CORS middleware
/// sends them only to those who ask with an <c>Origin</c>, and the methods only before a request, so it can't give these answers.
/// </summary>
internal sealed class CorsMiddleware(RequestDelegate next, IOptions<CorsOptions> options)
{
    private const string Methods = "GET,PUT,PATCH,POST,DELETE,OPTIONS";
    private const string Headers =
        "Origin, Accept, User-Agent, Accept-Charset, Cache-Control, Accept-Encoding, Content-Type, Authorization, Content-Length, "
        + "X-Requested-With, Prefer, Idempotency-Key, Last-Event-ID";
    private const string Exposed = "Job-Id, Location, Retry-After, Preference-Applied, RateLimit, RateLimit-Policy";

    public static Problem OtherOrigin { get; } = new(
        StatusCodes.Status403Forbidden,
        "Web pages of this origin may not change tasks. Add it to Cors:AllowedOrigins, or call from outside a browser.");

    private readonly HashSet<string> _allowed = new(options.Value.AllowedOrigins, StringComparer.OrdinalIgnoreCase);

    public Task InvokeAsync(HttpContext http)
    {
        var request = http.Request;
        var isPreflight = HttpMethods.IsOptions(request.Method);
        var method = isPreflight ? request.Headers.AccessControlRequestMethod.ToString() : request.Method;
        var changesTasks = HttpMethods.IsDelete(method) || request.Path.Value!.EndsWith("/task/import", StringComparison.OrdinalIgnoreCase);
        var origin = request.Headers.Origin.ToString();

        // No browser sends another one, and the header of the answer could not hold it.
        var isOrigin = origin.Length > 0 && !origin.AsSpan().ContainsAnyExceptInRange('!', '~');
        var isAllowed = isOrigin && (_allowed.Contains(origin) || IsOwn(request, origin));
        var answersTo = isAllowed || (isOrigin && _allowed.Count == 0 && !changesTasks) ? origin
            : origin.Length == 0 && _allowed.Count == 0 && !changesTasks ? "*"
            : null;

        // Late, since a fault's answer starts with clearing what was set before.
        http.Response.OnStarting(
            static state =>
            {
                var (response, answersTo) = ((HttpResponse, string?))state;
                Write(response.Headers, answersTo);
                return Task.CompletedTask;
            },
            (http.Response, answersTo));

        if (isPreflight)
        {
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        return changesTasks && origin.Length > 0 && !isAllowed
            ? OtherOrigin.ExecuteAsync(http)
            : next(http);
    }

    private static bool IsOwn(HttpRequest request, string origin) =>
        origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);

    private static void Write(IHeaderDictionary headers, string? answersTo)
    {
        if (answersTo is not null)
        {
            headers.AccessControlAllowOrigin = answersTo;
        }

        headers.Append("Vary", "Origin");
        headers.AccessControlAllowMethods = Methods;
        headers.AccessControlAllowCredentials = "true";
        headers.AccessControlAllowHeaders = Headers;
        headers.AccessControlExposeHeaders = Exposed;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        if (headers.CacheControl.Count == 0)
        {
            headers.CacheControl = "no-store";
        }
    }
}
