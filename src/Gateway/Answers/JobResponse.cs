namespace SyncCluster.Gateway.Answers;

/// <summary>What a task or its job says.</summary>
/// <param name="JobId">The job that it is about.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">JSON, UTF-8; empty for none.</param>
internal sealed record JobResponse(string JobId, int Status, ReadOnlyMemory<byte> Body) : JsonBytes(Status, Body)
{
    /// <summary>Where to wait for the rest of it; null where this is all.</summary>
    public string? Location { get; init; }

    /// <summary>When to ask there; sent as whole seconds.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <inheritdoc/>
    public override Task ExecuteAsync(HttpContext httpContext)
    {
        var headers = httpContext.Response.Headers;
        headers["Job-Id"] = JobId;
        if (Location is not null)
        {
            headers.Location = Location;
        }

        if (RetryAfter is { } wait)
        {
            headers.RetryAfter = Problem.Seconds(wait);
        }

        return base.ExecuteAsync(httpContext);
    }
}
