using SyncCluster.Gateway.Answers;

namespace SyncCluster.Gateway.Api.Polling;

/// <summary>303: the answer is, or will be, elsewhere.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Address">Where to continue; it may have a token in it.</param>
/// <param name="Body">JSON, UTF-8.</param>
internal sealed record SeeOther(string JobId, string Address, ReadOnlyMemory<byte> Body) : JsonBytes(StatusCodes.Status303SeeOther, Body)
{
    /// <inheritdoc/>
    public override Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.Headers["Job-Id"] = JobId;
        httpContext.Response.Headers.Location = Address;
        return base.ExecuteAsync(httpContext);
    }

    /// <summary>Keeps the token out of logs.</summary>
    public override string ToString() => $"303 of {JobId}";
}
