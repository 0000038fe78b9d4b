using SyncCluster.Gateway.Http;

namespace SyncCluster.Gateway.Answers;

/// <summary>JSON bytes as they are.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">JSON, UTF-8; empty for none.</param>
internal record JsonBytes(int Status, ReadOnlyMemory<byte> Body) : IResult
{
    /// <inheritdoc/>
    public virtual async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        if (Body.IsEmpty)
        {
            return;
        }

        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = Body.Length;
        await httpContext.RequestServices.GetRequiredService<PacedWriter>().WriteAsync(httpContext, Body);
    }
}
