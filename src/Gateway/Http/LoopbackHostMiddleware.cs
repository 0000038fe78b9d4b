using Microsoft.AspNetCore.HttpOverrides;
using SyncCluster.Gateway.Auth;

namespace SyncCluster.Gateway.Http;

/// <summary>Refuses requests to the demonstration that name another host than this machine's loopback.</summary>
internal sealed class LoopbackHostMiddleware(RequestDelegate next, DemoMode demo)
{
    public Task InvokeAsync(HttpContext http) => demo.Allows(http.Request.Host) && demo.Allows(OriginalHost(http.Request))
        ? next(http)
        : Problems.OtherHost.ExecuteAsync(http);

    /// <summary>
    /// The host before a proxy's header replaced it. Requests to the demonstration come from loopback, whose <c>X-Forwarded-Host</c> is believed: a page
    /// under a name of its own may send that header, but not another <c>Host</c>.
    /// </summary>
    private static HostString OriginalHost(HttpRequest request) =>
        request.Headers.TryGetValue(ForwardedHeadersDefaults.XOriginalHostHeaderName, out var sent) ? new(sent.ToString()) : request.Host;
}
