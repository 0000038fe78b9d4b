using System.Net;

namespace SyncCluster.Hosting.Auditing;

/// <summary>From where a request comes, as text: behind known proxies the address of their client.</summary>
internal static class ClientAddress
{
    /// <summary>No text is longer. An address with the name of a network interface has some 60 characters at most.</summary>
    public const int MaxLength = 64;

    /// <returns>Empty if it is not known.</returns>
    public static string Of(HttpContext http) => Text(http.Connection.RemoteIpAddress);

    /// <summary>An address of IPv4 as such, also at a socket for both kinds.</summary>
    internal static string Text(IPAddress? address)
    {
        var text = (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString() ?? "";
        return text.Length > MaxLength ? text[..MaxLength] : text;
    }
}
