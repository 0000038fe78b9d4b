using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Hosting.Operator;

namespace SyncCluster.Gateway.WebConsole.Keys;

/// <summary>
/// Encrypts keys where they are kept (AES-GCM), with what all gateways of a cluster have and Redis has not: the operator's hash, which is that of 256 random
/// bits, and the password of Redis, which is in no dump of it.
/// </summary>
internal sealed partial class KeyEncryption
{
    private static readonly byte[] Purpose = "SyncCluster.Console.Keys"u8.ToArray();
    private static readonly int NonceLength = AesGcm.NonceByteSizes.MaxSize;
    private static readonly int TagLength = AesGcm.TagByteSizes.MaxSize;

    private readonly byte[] _key;

    public KeyEncryption(IOptions<OperatorOptions> operators, ILogger<KeyEncryption> logger, RedisConnection? redis = null)
        : this(operators.Value.TokenSha256, redis?.Options.Password)
    {
        if (redis is not null && operators.Value.TokenSha256.Length == 0 && string.IsNullOrEmpty(redis.Options.Password))
        {
            LogNoSecret(logger);
        }
    }

    internal KeyEncryption(string operatorHash, string? redisPassword)
    {
        var secret = Encoding.UTF8.GetBytes($"{operatorHash.ToUpperInvariant()}\n{redisPassword}");
        _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, outputLength: 32, salt: [], info: Purpose);
    }

    public byte[] Encrypt(byte[] plain)
    {
        var encrypted = new byte[NonceLength + plain.Length + TagLength];
        var nonce = encrypted.AsSpan(0, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_key, TagLength);
        aes.Encrypt(nonce, plain, encrypted.AsSpan(NonceLength, plain.Length), encrypted.AsSpan(NonceLength + plain.Length));
        return encrypted;
    }

    /// <exception cref="CryptographicException">It was encrypted with other secrets, or changed.</exception>
    public byte[] Decrypt(byte[] encrypted)
    {
        var length = encrypted.Length - NonceLength - TagLength;
        if (length < 0)
        {
            throw new CryptographicException("An encrypted key is too short.");
        }

        var plain = new byte[length];
        using var aes = new AesGcm(_key, TagLength);
        aes.Decrypt(encrypted.AsSpan(0, NonceLength), encrypted.AsSpan(NonceLength, length), encrypted.AsSpan(NonceLength + length), plain);
        return plain;
    }
}
