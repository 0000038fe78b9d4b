using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SyncCluster.TheEye.Http;

/// <summary>The parts of a request that TheEye reads.</summary>
internal static class Request
{
    /// <summary>The segments of the path, each unescaped on its own.</summary>
    public static string[] Path(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var query = target.IndexOf('?', StringComparison.Ordinal);
        var parts = target[1..(query < 0 ? target.Length : query)].Split('/');
        for (var part = 0; part < parts.Length; part++)
        {
            parts[part] = Uri.UnescapeDataString(parts[part]);
        }

        return parts;
    }

    public static string? Token(HttpContext context)
    {
        if (context.Request.QueryString.HasValue && context.Request.Query["access_token"] is [{ } token, ..])
        {
            return token;
        }

        var header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header[7..].Trim() : null;
    }

    public static async Task<byte[]> BodyAsync(HttpContext context)
    {
        if (context.Request.ContentLength is { } length)
        {
            var body = new byte[length];
            await context.Request.Body.ReadExactlyAsync(body, context.RequestAborted);
            return body;
        }

        var copy = new MemoryStream();
        await context.Request.Body.CopyToAsync(copy, context.RequestAborted);
        return copy.ToArray();
    }
}
