using System.Net;
using System.Net.Sockets;

namespace SyncCluster.Hosting.Clustering;

/// <summary>The cluster that silos and gateways form over one Redis. Section <c>Cluster</c>, the same in both.</summary>
public sealed class RedisClusterOptions
{
    public const string Section = "Cluster";

    /// <summary>
    /// The Redis connection string, as StackExchange.Redis reads it (<c>host:6379,password=…,ssl=true</c>). Without one the gateway has a silo of its
    /// own in its process, and no cluster.
    /// </summary>
    public string Redis { get; set; } = "";

    /// <summary>Clusters of different names share a Redis without seeing each other. Default <c>synccluster</c>.</summary>
    public string Name { get; set; } = "synccluster";

    /// <summary>
    /// Under which address of this machine the others reach this silo: an IP address, a host name, or <c>*</c> for the address of the machine's own
    /// name, as in containers. Default 127.0.0.1: a cluster on one machine. On any other the silo listens on all addresses.
    /// </summary>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>Where silos talk to each other. Default 11111; 0 takes a free one.</summary>
    public int SiloPort { get; set; } = 11111;

    /// <summary>Where gateways talk to silos. Default 30000; 0 takes a free one.</summary>
    public int GatewayPort { get; set; } = 30000;

    internal bool IsCluster => Redis.Length > 0;

    internal static RedisClusterOptions Of(IConfiguration configuration) => configuration.GetSection(Section).Get<RedisClusterOptions>() ?? new();

    /// <exception cref="SocketException">The name has no address.</exception>
    internal IPAddress ResolveAddress()
    {
        if (IPAddress.TryParse(Address, out var address))
        {
            return address;
        }

        var addresses = Dns.GetHostAddresses(Address == "*" ? Dns.GetHostName() : Address);
        return addresses.FirstOrDefault(candidate => candidate.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0];
    }
}
