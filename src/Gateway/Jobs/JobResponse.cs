using SyncCluster.Gateway.Http;

namespace SyncCluster.Gateway.Jobs;

/// <summary>What a task or its job says.</summary>
/// <param name="JobId">The job that it is about.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">JSON, UTF-8; empty for none.</param>
internal sealed record JobResponse(string JobId, int Status, ReadOnlyMemory<byte> Body) : JsonBytes(Status, Body)
{
    /// <inheritdoc/>
    public override Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.Headers["Job-Id"] = JobId;
        return base.ExecuteAsync(httpContext);
    }
}
