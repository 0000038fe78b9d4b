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

    private static readonly string[] ProxyHeaders = [.. HostHeaders, .. ClientHeaders, "Forwarded"];

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
        // Most requests come through no proxy, and each of them is checked.
        var headers = http.Request.Headers;
        var isForwarded = Array.Exists(ProxyHeaders, headers.ContainsKey);
        if (!IsLoopback(http.Request.Host)
            || (isForwarded && !Forwarded(headers, HostHeaders, "host").All(host => IsLoopback(new HostString(host)))))
        {
            return Problems.OtherHost;
        }

        if (headers.Origin.Count > 0 && !headers.Origin.All(IsLoopbackOrigin))
        {
            return Problems.OtherPage;
        }

        // Without an address it is a Unix socket.
        var isOwnClient = http.Connection.RemoteIpAddress is not { } address || IPAddress.IsLoopback(address);
        return isOwnClient && (!isForwarded || Forwarded(headers, ClientHeaders, "for").All(IsLoopbackAddress)) ? null : Problems.OtherMachine;
    }

    /// <summary>What proxies say: the values of these headers, and those of one parameter of the <c>Forwarded</c> headers.</summary>
    private static IEnumerable<string> Forwarded(IHeaderDictionary headers, string[] names, string parameter) =>
        names.SelectMany(headers.GetCommaSeparatedValues).Concat(
            from one in ForwardedParameters(headers)
            where one.Name.Equals(parameter, StringComparison.OrdinalIgnoreCase)
            select one.Value);

    /// <summary>The parameters of the <c>Forwarded</c> headers (RFC 7239), such as <c>for="[2001:db8::1]:4711"</c>.</summary>
    private static IEnumerable<(string Name, string Value)> ForwardedParameters(IHeaderDictionary headers) =>
        from element in headers["Forwarded"].SelectMany(line => line!.Split(','))
        from parameter in element.Split(';')
        let parts = parameter.Split('=', 2)
        select (parts[0].Trim(), parts[^1].Trim(' ', '\t', '"'));

    private static bool IsLoopbackOrigin(string? origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && IsLoopback(new HostString(uri.Authority));

    private static bool IsLoopback(HostString host) =>
        host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static bool IsLoopbackAddress(string text) => IPEndPoint.TryParse(text, out var client) && IPAddress.IsLoopback(client.Address);
}
