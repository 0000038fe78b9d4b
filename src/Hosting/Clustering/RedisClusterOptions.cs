using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace SyncCluster.Hosting.Clustering;

/// <summary>The cluster that silos and gateways form over one Redis. Section <c>Cluster</c>, the same for both.</summary>
public sealed class RedisClusterOptions
{
    public const string Section = "Cluster";

    /// <summary>
    /// The Redis connection string of StackExchange.Redis (<c>host:6379,password=…,ssl=true</c>). Without one the gateway has a silo in its own
    /// process, and there is no cluster.
    /// </summary>
    public string Redis { get; set; } = "";

    /// <summary>
    /// The name of the cluster: 1 to 64 letters, digits, dots, hyphens or underscores. All its keys in Redis begin with it, so that clusters with
    /// different names can share a Redis. Default <c>synccluster</c>.
    /// </summary>
    public string Name { get; set; } = RedisKeys.DefaultName;

    /// <summary>
    /// The address at which other processes reach this silo: an IP address, a host name, <c>*</c> for the address of the machine's own name, or a
    /// network such as <c>10.1.0.0/16</c> for the machine's address in it, as in containers with several networks. Default 127.0.0.1, for a cluster
    /// on one machine. The silo listens at an address of this machine's loopback or of the network alone, with any other value on all addresses.
    /// </summary>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>The port at which silos reach this silo. Default 11111; 0 chooses a free port.</summary>
    public int SiloPort { get; set; } = 11111;

    /// <summary>The port at which gateways reach this silo. Default 30000; 0 chooses a free port.</summary>
    public int GatewayPort { get; set; } = 30000;

    /// <inheritdoc cref="ClusterTlsOptions"/>
    public ClusterTlsOptions Tls { get; set; } = new();

    internal bool IsCluster => Redis.Length > 0;

    /// <summary>Reads and validates the section. It is needed before there are services: it decides which ones are registered.</summary>
    /// <exception cref="OptionsValidationException">A value is not valid.</exception>
    internal static RedisClusterOptions Of(IConfiguration configuration)
    {
        var options = configuration.GetSection(Section).Get<RedisClusterOptions>() ?? new();
        return new RedisClusterOptionsValidator().Validate(Section, options) is { Failed: true, Failures: var failures }
            ? throw new OptionsValidationException(Section, typeof(RedisClusterOptions), failures)
            : options;
    }

    /// <summary>Makes the exception that ends the start of a server with a sentence about this section.</summary>
    internal static OptionsValidationException Invalid(string message) => new(Section, typeof(RedisClusterOptions), [message]);

    /// <summary>Parses the connection string; null if it is not valid. INFO, which tells the memory, counts as an administrator's command.</summary>
    internal ConfigurationOptions? ReadRedis() => RedisConnectionString.Read(Redis, "allowAdmin=true");

    /// <summary>Whether <see cref="Address"/> is a network.</summary>
    internal bool IsNetwork => Address.Contains('/', StringComparison.Ordinal);

    /// <summary>Returns the address at which other processes reach this silo.</summary>
    /// <param name="ofMachine">The addresses of this machine; null to look for them.</param>
    /// <exception cref="OptionsValidationException">The host name has no address, or the machine has none or several in the network.</exception>
    internal IPAddress ResolveAddress(IReadOnlyCollection<IPAddress>? ofMachine = null)
    {
        if (IsNetwork)
        {
            return FindIn(ofMachine ?? AddressesOfMachine());
        }

        if (IPAddress.TryParse(Address, out var address))
        {
            return address;
        }

        var host = Address == "*" ? Dns.GetHostName() : Address;
        try
        {
            var addresses = Dns.GetHostAddresses(host);
            return addresses.FirstOrDefault(candidate => candidate.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0];
        }
        catch (Exception unknown) when (unknown is SocketException or ArgumentException)
        {
            throw Invalid($"Cluster:Address must be an IP address or a host name that has one; `{host}` has none.");
        }
    }

    private IPAddress FindIn(IEnumerable<IPAddress> ofMachine)
    {
        if (!IPNetwork.TryParse(Address, out var network))
        {
            throw Invalid("Cluster:Address must be an IP address, a host name, * or a network such as 10.1.0.0/16 or fd00::/64: the bits behind its length are 0.");
        }

        IPAddress[] all = [.. ofMachine.Distinct()];
        return all.Where(network.Contains).ToArray() switch
        {
            [var only] => only,
            [] => throw Invalid($"Cluster:Address is a network that this machine has no address in: it has {string.Join(", ", all)}."),
            var several => throw Invalid($"Cluster:Address is a network that this machine has several addresses in: set one of them, {string.Join(", ", several.AsEnumerable())}, or a smaller network."),
        };
    }

    private static IPAddress[] AddressesOfMachine() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(one => one.OperationalStatus != OperationalStatus.Down)
            .SelectMany(one => one.GetIPProperties().UnicastAddresses)
            .Select(one => one.Address),
    ];
}
