using System.Security.Cryptography;

namespace SyncCluster.Jobs;

/// <summary>A job's public id: 24 lowercase hex digits.</summary>
internal static class JobId
{
    public const int Length = 24;

    public static string New() => RandomNumberGenerator.GetHexString(Length, lowercase: true);

    public static bool IsValid(string id) => id.Length == Length && id.All(char.IsAsciiHexDigitLower);
}
