using System.Buffers;
using System.Security.Cryptography;

namespace SyncCluster.Jobs;

/// <summary>A job's id: 24 lowercase hex digits, like TheEye's.</summary>
internal static class JobId
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    public static bool IsValid(string? id) => id is { Length: 24 } && !id.AsSpan().ContainsAnyExcept(Digits);

    /// <summary>The id of a call with an idempotency key: the same for all its repeats.</summary>
    /// <param name="callId">A cryptographic hash of what the call shares only with its repeats.</param>
    public static string Of(ReadOnlySpan<byte> callId) => Convert.ToHexStringLower(callId[..12]);

    /// <summary>A new id that can't be guessed.</summary>
    public static string New() => RandomNumberGenerator.GetHexString(24, lowercase: true);
}
