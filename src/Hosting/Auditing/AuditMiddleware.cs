namespace SyncCluster.Hosting.Auditing;

/// <summary>Has the requests of routes with an <see cref="AuditedAction"/> logged. It comes after routing, and before what refuses a request.</summary>
internal sealed class AuditMiddleware(RequestDelegate next, AuditLog log)
{
    public Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<AuditedAction>() is { } action)
        {
            log.Watch(http, action);
        }

        return next(http);
    }
}
