using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SyncCluster.Hosting;

/// <summary>Tokens and secrets: generated at random, stored as their SHA-256, compared in constant time.</summary>
internal static class Secret
{
    /// <summary>Generates 256 random bits, as 43 characters that need no escaping in a URL.</summary>
    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>The hash as a dictionary key: uppercase hex.</summary>
    public static string KeyOf(string secret) => Convert.ToHexString(Hash(secret));

    public static bool Matches(string secret, byte[] hash) => CryptographicOperations.FixedTimeEquals(Hash(secret), hash);
}
