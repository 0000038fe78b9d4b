using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Http;

/// <summary>Has the lines that are logged for a request say which customer, task and job it is about. Must come after the routing.</summary>
internal sealed class JobScopeMiddleware(RequestDelegate next, JobEvents events)
{
    public Task InvokeAsync(HttpContext http)
    {
        var route = http.Request.RouteValues;
        return events.BeginScope(route["customer"] as string, route["task"] as string, route["job"] as string) is { } scope
            ? InvokeAsync(http, scope)
            : next(http);
    }

    private async Task InvokeAsync(HttpContext http, IDisposable scope)
    {
        using (scope)
        {
            await next(http);
        }
    }
}
