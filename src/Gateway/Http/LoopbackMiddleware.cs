using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using SyncCluster.Gateway.Auth;

namespace SyncCluster.Gateway.Http;

/// <summary>
/// Refuses requests to the demonstration that are not this machine's own: by their host, their web page, or their client. It comes before everything
/// else. All addresses are still in the headers then, whatever <c>Proxy:Known</c> says, and the refusal has no header that would let another page read it.
/// </summary>
internal sealed class LoopbackMiddleware(RequestDelegate next, DemoMode demo)
{
    private static readonly string[] HostHeaders = ["X-Forwarded-Host", ForwardedHeadersDefaults.XOriginalHostHeaderName];

    private static readonly string[] ClientHeaders = ["X-Forwarded-For", "X-Real-IP"];

    public Task InvokeAsync(HttpContext http)
    {
        if (!demo.IsOn || RefusalOf(http) is not { } refusal)
        {
            return next(http);
        }

        SecurityHeaders.Write(http.Response.Headers);
        return refusal.ExecuteAsync(http);
    }

    private static Problem? RefusalOf(HttpContext http)
    {
        var headers = http.Request.Headers;
        var forwarded = ForwardedParameters(headers);
        if (!IsLoopback(http.Request.Host)
            || !HostHeaders.SelectMany(headers.GetCommaSeparatedValues).Concat(Named("host")).All(host => IsLoopback(new HostString(host))))
        {
            return Problems.OtherHost;
        }

        if (!headers.Origin.All(IsLoopbackOrigin))
        {
            return Problems.OtherPage;
        }

        // Without an address it is a Unix socket.
        var isOwnClient = http.Connection.RemoteIpAddress is not { } address || IPAddress.IsLoopback(address);
        return isOwnClient && ClientHeaders.SelectMany(headers.GetCommaSeparatedValues).Concat(Named("for")).All(IsLoopbackAddress)
            ? null
            : Problems.OtherMachine;

        IEnumerable<string> Named(string name) =>
            forwarded.Where(parameter => parameter.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(parameter => parameter.Value);
    }

    /// <summary>The parameters of the <c>Forwarded</c> headers (RFC 7239), such as <c>for="[2001:db8::1]:4711"</c>.</summary>
    private static (string Name, string Value)[] ForwardedParameters(IHeaderDictionary headers) =>
    [
        .. from element in headers["Forwarded"].SelectMany(line => line!.Split(','))
           from parameter in element.Split(';')
           let parts = parameter.Split('=', 2)
           select (parts[0].Trim(), parts[^1].Trim(' ', '\t', '"')),
    ];

    private static bool IsLoopbackOrigin(string? origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && IsLoopback(new HostString(uri.Authority));

    private static bool IsLoopback(HostString host) =>
        host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static bool IsLoopbackAddress(string text) => IPEndPoint.TryParse(text, out var client) && IPAddress.IsLoopback(client.Address);
}
