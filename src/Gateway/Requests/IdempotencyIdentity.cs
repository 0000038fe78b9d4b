using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Requests;

/// <summary>What a call with an <c>Idempotency-Key</c> shares with its repeats, and with no other call.</summary>
/// <param name="Id">SHA-256 of customer, caller, task and key.</param>
/// <param name="Fingerprint">SHA-256 of what it asks for: a repeat must ask for the same.</param>
internal sealed record IdempotencyIdentity(byte[] Id, byte[] Fingerprint)
{
    /// <param name="invocation">The call.</param>
    /// <param name="key">Its <c>Idempotency-Key</c>.</param>
    public static IdempotencyIdentity Of(TaskInvocation invocation, string key)
    {
        // White space between the arguments does not count.
        using var json = JsonDocument.Parse(invocation.Payload.Arguments, JsonText.DocumentOptions);
        return new(
            Hash([Bytes(invocation.Customer), Bytes(CallerOf(invocation)), Bytes(invocation.Task), Bytes(key), .. RestartOf(invocation)]),
            Hash(JsonText.Compact(json.RootElement), invocation.Payload.OtherMembers.ToArray()));
    }

    /// <summary>The secret of the new job, for a call by the task's secret: every repeat must have the same.</summary>
    public string JobSecret(string taskSecret) => Base64Url.EncodeToString(HMACSHA256.HashData(Bytes(taskSecret), Id));

    /// <summary>The user's name, whichever token it was; else the task's secret, so that a caller without the secret can't have the same identity.</summary>
    private static string CallerOf(TaskInvocation invocation) =>
        invocation.Caller is { } caller ? $"user {caller.Caller.Username}" : $"secret {invocation.Secret}";

    /// <summary>With a key that an ordinary call has had as well, a restart is another call.</summary>
    private static IEnumerable<byte[]> RestartOf(TaskInvocation invocation) => invocation.Restart is { } restart ? [Bytes(restart.Job)] : [];

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Hashes each part with its length before it: two different lists of parts have different hashes.</summary>
    private static byte[] Hash(params ReadOnlySpan<byte[]> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var part in parts)
        {
            BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
            hash.AppendData(length);
            hash.AppendData(part);
        }

        return hash.GetHashAndReset();
    }
}
