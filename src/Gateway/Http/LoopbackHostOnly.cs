using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Problems;

namespace SyncCluster.Gateway.Http;

/// <summary>Refuses requests to the demonstration that name another host than this machine's loopback.</summary>
internal sealed class LoopbackHostOnly(RequestDelegate next, DemoAccess demo)
{
    public static Problem OtherHost { get; } = new(
        StatusCodes.Status403Forbidden, "Without configured customers this server answers only to a loopback host such as 127.0.0.1 or localhost.");

    public Task InvokeAsync(HttpContext http) => demo.Answers(http.Request.Host)
        ? next(http)
        : OtherHost.ExecuteAsync(http);
}
