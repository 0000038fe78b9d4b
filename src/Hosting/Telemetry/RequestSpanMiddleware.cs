using System.Diagnostics;
using System.Globalization;
using SyncCluster.Telemetry;

namespace SyncCluster.Hosting.Telemetry;

/// <summary>
/// Describes the span of a request, which the framework starts, by OpenTelemetry's names. OpenTelemetry's own instrumentation would show the whole
/// path and the query's names: here are tokens and secrets in both, so that nothing is shown but what is known to be none.
/// </summary>
internal sealed class RequestSpanMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext http) => ServerTraces.Recorded switch
    {
        null => next(http),
        var span when http.Request.Path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase) => Skip(span, http),
        var span => DescribeAsync(span, http),
    };

    /// <summary>Probes come each second.</summary>
    private Task Skip(Activity span, HttpContext http)
    {
        span.IsAllDataRequested = false;
        span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        return next(http);
    }

    private async Task DescribeAsync(Activity span, HttpContext http)
    {
        var request = http.Request;
        var path = request.Path.Value;
        var method = IsKnown(request.Method) ? request.Method : "_OTHER";
        try
        {
            await next(http);
        }
        finally
        {
            var status = http.Response.StatusCode;
            span.DisplayName = method;
            span.SetTag("http.request.method", method);
            span.SetTag("url.scheme", request.Scheme);
            span.SetTag("network.protocol.version", request.Protocol is "HTTP/1.1" ? "1.1" : "2");
            span.SetTag("http.response.status_code", status);
            if (status >= StatusCodes.Status500InternalServerError)
            {
                span.SetTag("error.type", status.ToString(CultureInfo.InvariantCulture));
                span.SetStatus(ActivityStatusCode.Error);
            }

            if (http.RequestAborted.IsCancellationRequested)
            {
                span.SetTag("synccluster.disconnected", true);
            }

            // What has no route may be anything.
            if (http.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } route })
            {
                span.DisplayName = $"{method} {route}";
                span.SetTag("http.route", route);
                span.SetTag("url.path", AddressRedaction.WithoutSecrets(path ?? "/"));
                span.SetTag(ServerTraces.CustomerTag, request.RouteValues.GetValueOrDefault("customer"));
                span.SetTag(ServerTraces.TaskTag, request.RouteValues.GetValueOrDefault("task"));
                span.SetTag(ServerTraces.JobTag, http.Response.Headers["Job-Id"] is [{ } job] ? job : request.RouteValues.GetValueOrDefault("job"));
            }
        }
    }

    private static bool IsKnown(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsPost(method) || HttpMethods.IsPut(method) || HttpMethods.IsDelete(method)
        || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) || HttpMethods.IsPatch(method);
}
