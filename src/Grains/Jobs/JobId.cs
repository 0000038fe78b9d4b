using System.Buffers;
using System.Security.Cryptography;

namespace SyncCluster.Jobs;

/// <summary>A job's id: 24 lowercase hex digits, as TheEye's.</summary>
internal static class JobId
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    public static bool IsValid(string? id) => id is { Length: 24 } && !id.AsSpan().ContainsAnyExcept(Digits);

    /// <summary>The one of a call that may be repeated.</summary>
    /// <param name="callId">A cryptographic hash of what the call shares with its repeats alone.</param>
    public static string Of(ReadOnlySpan<byte> callId) => Convert.ToHexStringLower(callId[..12]);

    /// <summary>A fresh one that nobody can guess.</summary>
    public static string New() => RandomNumberGenerator.GetHexString(24, lowercase: true);
}
