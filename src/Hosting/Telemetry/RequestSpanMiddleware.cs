using System.Diagnostics;
using System.Globalization;
using SyncCluster.Telemetry;

namespace SyncCluster.Hosting.Telemetry;

/// <summary>
/// Starts the span of a request, and describes it by OpenTelemetry's names. The framework's own would be started, and carried along, for each request
/// that is not recorded as well. OpenTelemetry's instrumentation would show the whole path and the query's names: here are tokens and secrets in both,
/// so that nothing is shown but what is known to be none.
/// </summary>
internal sealed class RequestSpanMiddleware(RequestDelegate next, CallerTraceContext callers, CallSampler sampler)
{
    public Task InvokeAsync(HttpContext http)
    {
        if (!ServerTraces.HasListeners)
        {
            return next(http);
        }

        var parent = callers.Of(http.Request.Headers) ?? sampler.BeginTrace();

        // Probes come each second.
        return parent is not { } known || http.Request.Path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase) ? next(http) : TraceAsync(known, http);
    }

    private async Task TraceAsync(ActivityContext parent, HttpContext http)
    {
        var method = IsKnown(http.Request.Method) ? http.Request.Method : "_OTHER";
        using var span = ServerTraces.StartRequest(method, parent);
        if (span is not { IsAllDataRequested: true })
        {
            await next(http);
            return;
        }

        var path = http.Request.Path.Value;
        try
        {
            await next(http);
        }
        catch (Exception fault)
        {
            // Its message may have secrets.
            span.SetTag("error.type", fault.GetType().FullName);
            span.SetStatus(ActivityStatusCode.Error);
            throw;
        }
        finally
        {
            Describe(span, http, method, path);
        }
    }

    private static void Describe(Activity span, HttpContext http, string method, string? path)
    {
        var request = http.Request;
        var status = http.Response.StatusCode;
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

    private static bool IsKnown(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsPost(method) || HttpMethods.IsPut(method) || HttpMethods.IsDelete(method)
        || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) || HttpMethods.IsPatch(method);
}
