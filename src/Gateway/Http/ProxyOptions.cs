using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace SyncCluster.Gateway.Http;

/// <summary>
/// Which proxies are believed when they say where a request came from. Section <c>Proxy</c>, with addresses in <c>Known</c> such as
/// <c>10.0.0.7</c> or <c>10.0.0.0/8</c>. Default: none but loopback.
/// </summary>
internal static class ProxyOptions
{
    public static void Configure(ForwardedHeadersOptions options, IConfiguration configuration)
    {
        options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost;

        // Of a chain of proxies all are believed that are known; the first unknown one ends it.
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
