using Microsoft.Extensions.Options;
using SyncCluster.Gateway.WebConsole;

namespace SyncCluster.Gateway.Http;

/// <summary>
/// The headers that let web pages call, on every answer, as TheEye's page shows them. The framework's CORS middleware sends them only in answers to
/// requests with an <c>Origin</c>, and the methods only in answers to preflights. The console has none: its pages are of its own origin.
/// </summary>
internal sealed class CorsMiddleware(RequestDelegate next, IOptions<CorsOptions> options)
{
    private const string Methods = "GET,PUT,PATCH,POST,DELETE,OPTIONS";

    private const string Headers =
        "Origin, Accept, User-Agent, Accept-Charset, Cache-Control, Accept-Encoding, Content-Type, Authorization, Content-Length, "
        + "X-Requested-With, Prefer, Idempotency-Key, Last-Event-ID";

    private const string Exposed = "Job-Id, Location, Retry-After, Preference-Applied, RateLimit, RateLimit-Policy, Next-Cursor";

    private readonly HashSet<string> _allowed = new(options.Value.AllowedOrigins, StringComparer.OrdinalIgnoreCase);

    public Task InvokeAsync(HttpContext http)
    {
        var request = http.Request;
        if (ConsolePaths.Contains(request.Path))
        {
            return next(http);
        }

        var isPreflight = HttpMethods.IsOptions(request.Method);
        var method = isPreflight ? request.Headers.AccessControlRequestMethod.ToString() : request.Method;
        var changesTasks = ChangesTasks(method, request.Path.Value!);
        var origin = request.Headers.Origin.ToString();

        // No browser sends other characters, and the header of the answer could not hold them.
        var isOrigin = origin.Length > 0 && !origin.AsSpan().ContainsAnyExceptInRange('!', '~');
        var isAllowed = isOrigin && (_allowed.Contains(origin) || IsSameOrigin(request, origin));
        var allowsAny = _allowed.Count == 0 && !changesTasks;
        var allowedOrigin = isAllowed || (isOrigin && allowsAny) ? origin
            : origin.Length == 0 && allowsAny ? "*"
            : null;

        // Late: the answer to an exception starts with clearing the headers that were set before.
        http.Response.OnStarting(
            static state =>
            {
                var (response, allowedOrigin) = ((HttpResponse, string?))state;
                Write(response.Headers, allowedOrigin);
                return Task.CompletedTask;
            },
            (http.Response, allowedOrigin));
        if (isPreflight)
        {
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        return changesTasks && origin.Length > 0 && !isAllowed ? Problems.OtherOrigin.ExecuteAsync(http) : next(http);
    }

    /// <summary>Routes know neither case nor the slash at an address's end. <c>PUT</c> of a job only cancels or restarts it.</summary>
    private static bool ChangesTasks(string method, string path) =>
        HttpMethods.IsDelete(method)
        || path.AsSpan().TrimEnd('/').EndsWith("/task/import", StringComparison.OrdinalIgnoreCase)
        || (HttpMethods.IsPut(method) && path.Contains("/task/", StringComparison.OrdinalIgnoreCase));

    private static bool IsSameOrigin(HttpRequest request, string origin) =>
        origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);

    private static void Write(IHeaderDictionary headers, string? allowedOrigin)
    {
        if (allowedOrigin is not null)
        {
            headers.AccessControlAllowOrigin = allowedOrigin;
        }

        headers.Append("Vary", "Origin");
        headers.AccessControlAllowMethods = Methods;
        headers.AccessControlAllowCredentials = "true";
        headers.AccessControlAllowHeaders = Headers;
        headers.AccessControlExposeHeaders = Exposed;
        SecurityHeaders.Write(headers);
    }
}
