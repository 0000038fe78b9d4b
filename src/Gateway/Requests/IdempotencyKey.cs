using Microsoft.Extensions.Primitives;

namespace SyncCluster.Gateway.Requests;

/// <summary>The <c>Idempotency-Key</c> of a call (draft-ietf-httpapi-idempotency-key-header): quoted as there, or bare; both name the same key.</summary>
internal abstract record IdempotencyKey
{
    private const int MaxLength = 255;

    private IdempotencyKey()
    {
    }

    /// <summary>Reads the values of the header.</summary>
    public static IdempotencyKey Find(StringValues header) => header.Count switch
    {
        0 => new None(),
        1 => (header[0]!.Trim(' ', '\t') switch
        {
            ['"', .. var quoted] => Unquoted(quoted),
            var bare => bare,
        }) is { Length: >= 1 and <= MaxLength } key && !key.AsSpan().ContainsAnyExceptInRange('!', '~') ? new One(key) : new Malformed(Problems.KeyMalformed),
        _ => new Malformed(Problems.KeyTwice),
    };

    /// <summary>The content of a structured field's string (RFC 8941, 3.3.3) behind its first quote; null where it is none.</summary>
    private static string? Unquoted(string quoted)
    {
        Span<char> key = stackalloc char[MaxLength + 1];
        var length = 0;
        for (var i = 0; i < quoted.Length && length < key.Length; i++)
        {
            switch (quoted[i])
            {
                case '"':
                    return i == quoted.Length - 1 ? key[..length].ToString() : null;
                case '\\' when i + 1 < quoted.Length && quoted[i + 1] is '"' or '\\':
                    key[length++] = quoted[++i];
                    break;
                case '\\':
                    return null;
                case var character:
                    key[length++] = character;
                    break;
            }
        }

        return null;
    }

    internal sealed record None : IdempotencyKey;

    internal sealed record One(string Key) : IdempotencyKey
    {
        /// <summary>It may be as good as a secret.</summary>
        public override string ToString() => "an idempotency key";
    }

    /// <param name="Problem">What the call is answered with.</param>
    internal sealed record Malformed(Problem Problem) : IdempotencyKey;
}
