using Microsoft.AspNetCore.HttpOverrides;
using SyncCluster.Gateway.Auth;

namespace SyncCluster.Gateway.Http;

/// <summary>Refuses requests to the demonstration that name another host than this machine's loopback.</summary>
internal sealed class LoopbackHostMiddleware(RequestDelegate next, DemoMode demo)
{
    public static Problem OtherHost { get; } = new(
        StatusCodes.Status403Forbidden, "Without configured customers this server answers only to a loopback host such as 127.0.0.1 or localhost.");

    public Task InvokeAsync(HttpContext http) => demo.Answers(http.Request.Host) && demo.Answers(Sent(http.Request))
        ? next(http)
        : OtherHost.ExecuteAsync(http);

    /// <summary>
    /// The host before a proxy's word replaced it. Everybody here comes from loopback and is believed like a proxy: a page under a name of its own
    /// may send <c>X-Forwarded-Host</c>, but not another <c>Host</c>.
    /// </summary>
    private static HostString Sent(HttpRequest request) =>
        request.Headers.TryGetValue(ForwardedHeadersDefaults.XOriginalHostHeaderName, out var sent) ? new(sent.ToString()) : request.Host;
}
