using System.Net;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Backends;
using SyncCluster.Hosting.Authentication;

namespace SyncCluster.Gateway.Limits;

/// <summary>Has the refusals of unknown tokens and wrong secrets counted, and answers 429 in place of those that are too many.</summary>
internal sealed class FailedAuthentications(ITaskBackend backend, FailureCounter counter, IOptions<ForwardedHeadersOptions> proxies)
{
    /// <summary>Counts a refusal.</summary>
    /// <param name="http">The request.</param>
    /// <param name="refusal">The answer to it; it counts if it is a 401.</param>
    /// <returns>The refusal, or a 429 in its place.</returns>
    public Problem Answer(HttpContext http, Problem refusal) =>
        refusal.Status == StatusCodes.Status401Unauthorized ? Count(http.Connection.RemoteIpAddress, refusal) : refusal;

    /// <summary>Counts the refusal of a call by a task's secret where only the backend knows whether the secret is right.</summary>
    /// <returns>The refusal, or a 429 in its place.</returns>
    public Problem Answer(HttpContext http, TaskInvocation call, Problem refusal)
    {
        var isOfSecret = call.Secret is not null && !backend.ChecksSecrets
            && refusal.Status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden or StatusCodes.Status404NotFound;
        return isOfSecret ? Count(http.Connection.RemoteIpAddress, refusal) : refusal;
    }

    private Problem Count(IPAddress? address, Problem refusal) =>
        address is not null && !IsOfManyClients(address) && counter.Count(address) is { } wait ? Problems.TooManyFailures(wait) : refusal;

    /// <summary>A known proxy that does not say for whom it asks.</summary>
    private bool IsOfManyClients(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return proxies.Value.KnownProxies.Contains(plain) || proxies.Value.KnownIPNetworks.Any(network => network.Contains(plain));
    }
}
