using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace SyncCluster.Gateway.Http;

/// <summary>
/// The proxies whose <c>X-Forwarded-*</c> headers are believed. Section <c>Proxy</c>, with addresses in <c>Known</c> such as <c>10.0.0.7</c> or
/// <c>10.0.0.0/8</c>. Default: loopback only.
/// </summary>
internal static class ProxyOptions
{
    public static void Configure(ForwardedHeadersOptions options, IConfiguration configuration)
    {
        options.ForwardedHeaders = ForwardedHeaders.All;

        // A chain of proxies is followed as long as they are known.
        options.ForwardLimit = null;
        foreach (var known in configuration.GetSection("Proxy:Known").Get<string[]>() ?? [])
        {
            if (IPAddress.TryParse(known, out var address))
            {
                options.KnownProxies.Add(address);
            }
            else if (System.Net.IPNetwork.TryParse(known, out var network))
            {
                options.KnownIPNetworks.Add(network);
            }
            else
            {
                throw new OptionsValidationException("Proxy", typeof(ForwardedHeadersOptions), [$"Proxy:Known: `{known}` is no address and no network."]);
            }
        }
    }
}
