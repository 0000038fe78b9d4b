using SyncCluster.Gateway.Answers;

namespace SyncCluster.Gateway.Api.Jobs.Lists;

/// <summary>A list of jobs: a bare array, as TheEye has it.</summary>
/// <param name="Body">JSON, UTF-8.</param>
/// <param name="Next">The cursor of what follows; null if this is the end.</param>
internal sealed record JobListResponse(ReadOnlyMemory<byte> Body, string? Next) : JsonBytes(StatusCodes.Status200OK, Body)
{
    public const string NextCursor = "Next-Cursor";

    /// <inheritdoc/>
    public override Task ExecuteAsync(HttpContext httpContext)
    {
        if (Next is not null)
        {
            httpContext.Response.Headers[NextCursor] = Next;
        }

        return base.ExecuteAsync(httpContext);
    }
}
