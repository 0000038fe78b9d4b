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
    /// <param name="call">The call.</param>
    /// <param name="key">What its caller has named it.</param>
    public static IdempotencyIdentity Of(TaskInvocation call, string key)
    {
        // As the arguments are, and not how they were spaced.
        using var json = JsonDocument.Parse(call.Arguments.Json, JsonText.DocumentOptions);
        return new(
            Hash(Bytes(call.Customer), Bytes(CallerOf(call)), Bytes(call.Task), Bytes(key)),
            Hash(JsonText.Compact(json.RootElement), call.Arguments.Others.ToArray()));
    }

    /// <summary>The secret of the job that the call makes, where it knows its task's: every repeat must be able to name it.</summary>
    public string JobSecret(string taskSecret) => Base64Url.EncodeToString(HMACSHA256.HashData(Bytes(taskSecret), Id));

    /// <summary>A user by the name, whatever token it was; else whoever knows the task's secret, which is part of the identity so that nobody else has it.</summary>
    private static string CallerOf(TaskInvocation call) => call.Caller is { } caller ? $"user {caller.Username}" : $"secret {call.Secret}";

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Each part with its length before it: no two lists of parts are hashed alike.</summary>
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
