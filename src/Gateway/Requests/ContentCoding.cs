using System.IO.Compression;
using SyncCluster.Gateway.Limits;

namespace SyncCluster.Gateway.Requests;

/// <summary>How the bytes of a body are coded, as its <c>Content-Encoding</c> says (RFC 9110, 8.4).</summary>
internal sealed class ContentCoding
{
    /// <summary>The codings that are understood, as <c>Accept-Encoding</c> names them.</summary>
    public const string Understood = "gzip, br, deflate";

    /// <summary>How much is decoded at once.</summary>
    private const int PieceLength = 16 * 1024;

    private static readonly ContentCoding Identity = new(null);
    private static readonly ContentCoding Gzip = new(coded => new GZipStream(coded, CompressionMode.Decompress));
    private static readonly ContentCoding Brotli = new(coded => new BrotliStream(coded, CompressionMode.Decompress));
    private static readonly ContentCoding Deflate = new(coded => new ZLibStream(coded, CompressionMode.Decompress));

    private readonly Func<Stream, Stream>? _decoder;

    /// <param name="decoder">Decodes a stream; null for a body that is sent as it is.</param>
    private ContentCoding(Func<Stream, Stream>? decoder) => _decoder = decoder;

    /// <summary>The coding of a request's body; a problem if it is not understood. Of several, one on top of the other, none is.</summary>
    public static Result<ContentCoding> Of(IHeaderDictionary headers) => headers.ContentEncoding.Count == 0
        ? Identity
        : headers.GetCommaSeparatedValues("Content-Encoding").Select(name => name.ToLowerInvariant()).Where(name => name is not "identity").ToArray() switch
        {
            [] => Identity,
            ["gzip" or "x-gzip"] => Gzip,
            ["br"] => Brotli,
            ["deflate"] => Deflate,
            _ => Problems.UnknownContentCoding,
        };

    /// <summary>Decodes a body.</summary>
    /// <param name="body">The body as it was sent.</param>
    /// <param name="limit">How many bytes it may have when it is decoded.</param>
    /// <param name="allowance">What the request's body may hold; both forms count.</param>
    /// <exception cref="BadHttpRequestException">There would be more than <paramref name="limit"/> bytes.</exception>
    public Result<ReadOnlyMemory<byte>> Decode(byte[] body, int limit, BodyAllowance allowance)
    {
        if (_decoder is null || body.Length == 0)
        {
            return new ReadOnlyMemory<byte>(body);
        }

        try
        {
            // It is decoded twice: of a body that would be too large, nothing is kept.
            var length = LengthOf(body, limit);
            if (!allowance.TryHold((long)body.Length + length))
            {
                return Problems.TooManyBodies;
            }

            var decoded = new byte[length];
            using var stream = Decoded(body);
            stream.ReadExactly(decoded);
            return new ReadOnlyMemory<byte>(decoded);
        }
        catch (Exception corrupt) when (corrupt is InvalidDataException or InvalidOperationException)
        {
            return Problems.CorruptBody;
        }
    }

    private int LengthOf(byte[] body, int limit)
    {
        using var stream = Decoded(body);
        Span<byte> piece = stackalloc byte[PieceLength];
        var length = 0;
        for (int read; (read = stream.Read(piece)) > 0; length += read)
        {
            if (read > limit - length)
            {
                throw new BadHttpRequestException("Too large.", StatusCodes.Status413PayloadTooLarge);
            }
        }

        return length;
    }

    private Stream Decoded(byte[] body) => _decoder!(new MemoryStream(body, writable: false));
}
