using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SyncCluster.Hosting;

/// <summary>Tokens and secrets: random when made, kept as their SHA-256, compared in constant time.</summary>
internal static class Secret
{
    /// <summary>256 random bits in 43 characters that need no escaping in a URL.</summary>
    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>The hash as the key of a table: uppercase hex.</summary>
    public static string KeyOf(string secret) => Convert.ToHexString(Hash(secret));

    public static bool Matches(string secret, byte[] hash) => CryptographicOperations.FixedTimeEquals(Hash(secret), hash);
}
