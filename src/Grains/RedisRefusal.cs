using System.Net;
using System.Security.Authentication;
using StackExchange.Redis;

namespace SyncCluster;

/// <summary>Finds out why a Redis does not accept this server.</summary>
internal static class RedisRefusal
{
    /// <summary>
    /// Connects once more, to find out why Redis can't be reached: of a connection that is tried again and again, the library tells no later reason
    /// than the first.
    /// </summary>
    /// <param name="options">The connection.</param>
    /// <param name="setting">Where the operator has set it.</param>
    /// <returns>What is wrong with the setting, in a sentence; null if Redis accepts it, or if it can't be reached for another reason.</returns>
    public static async Task<string?> FindAsync(ConfigurationOptions options, string setting)
    {
        options = options.Clone();
        options.AbortOnConnectFail = true;
        try
        {
            await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
            return null;
        }
        catch (Exception fault)
        {
            return fault.InnerException switch
            {
                RedisServerException when options.Password is null =>
                    $"The Redis at {Endpoints(options)} wants a password: add `password=…` to {setting}.",
                RedisServerException => $"The Redis at {Endpoints(options)} refuses the password in {setting}, or its user.",
                AuthenticationException tls => $"The Redis at {Endpoints(options)} can't be reached with TLS as {setting} says. {tls.Message}",
                _ => null,
            };
        }
    }

    /// <summary>The addresses, for messages.</summary>
    public static string Endpoints(ConfigurationOptions options) => string.Join(", ", options.EndPoints.Select(NameOf));

    /// <summary>An address, for messages.</summary>
    public static string? NameOf(EndPoint endpoint) => endpoint is DnsEndPoint name ? $"{name.Host}:{name.Port}" : endpoint.ToString();
}
