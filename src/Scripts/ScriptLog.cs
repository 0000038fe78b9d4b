using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace SyncCluster.Scripts;

/// <summary>
/// What a script has printed: the head and the tail of it as text, and its last line. It takes bytes as they come, in bounded memory (half a MiB for
/// the head, half a MiB for the tail, 2 MiB for the line) that grows only as needed. It may be read while the script still prints.
/// </summary>
internal sealed class ScriptLog
{
    /// <summary>The limit of <see cref="Text"/> in UTF-8 bytes, including the note about a cut.</summary>
    public const int Capacity = 1 << 20;

    /// <summary>The limit of the last line in bytes. A longer one is not kept.</summary>
    public const int LineCapacity = 2 << 20;

    private const int Half = Capacity / 2;
    private const int NoteLength = 64;

    private readonly Lock _lock = new();
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly ArrayBufferWriter<byte> _head = new();
    private readonly TailBuffer _tail = new(Half);
    private readonly LastLineBuffer _line = new(LineCapacity);
    private bool _mayBeInsideCharacter;
    private long _length;

    /// <summary>The last line that is not blank, trimmed; empty if there is none; null if it was too long to be kept.</summary>
    public string? LastLine => _line.Text;

    /// <summary>Appends what was printed next. Bytes that are not UTF-8 become U+FFFD.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            _line.Append(bytes);
            if (!_mayBeInsideCharacter && Utf8.IsValid(bytes))
            {
                Keep(bytes);
                return;
            }

            Decode(bytes, isLast: false);
            _mayBeInsideCharacter = bytes is [.., > 0x7F];
        }
    }

    /// <summary>The whole log, once it is complete. A log that is too long is cut in the middle, with a note on a line of its own.</summary>
    public string Text()
    {
        lock (_lock)
        {
            Decode([], isLast: true);
            var head = _head.WrittenSpan;
            ReadOnlySpan<byte> tail = _tail.ToArray();
            if (_length <= Capacity)
            {
                return Encoding.UTF8.GetString([.. head, .. tail]);
            }

            var kept = head[..CharacterStart(head, Half - NoteLength)];
            var end = tail[CharacterStart(tail, NoteLength)..];
            return Encoding.UTF8.GetString(kept) + LogCut.Note(_length - kept.Length - end.Length, kept) + Encoding.UTF8.GetString(end);
        }
    }

    /// <summary>The whole lines from an offset on, while the script may still print. A line longer than the limit is returned in pieces.</summary>
    /// <param name="from">The offset in bytes; not negative.</param>
    /// <param name="limit">The limit in bytes.</param>
    public LogPart Read(long from, int limit)
    {
        lock (_lock)
        {
            ReadOnlySpan<byte> tail = _tail.ToArray();
            var tailStart = _length - tail.Length;
            var isCutHere = from < _head.WrittenCount && _head.WrittenCount < tailStart;
            from = from < _head.WrittenCount ? from : Math.Clamp(from, tailStart, _length);
            ReadOnlySpan<byte> text = from >= _head.WrittenCount ? tail[(int)(from - tailStart)..]
                : isCutHere ? _head.WrittenSpan[(int)from..]
                : [.. _head.WrittenSpan[(int)from..], .. tail];
            var end = text[..Math.Min(text.Length, limit)].LastIndexOf((byte)'\n') + 1;
            end = end > 0 ? end
                : text.Length >= limit ? CharacterStart(text, limit)
                : isCutHere ? text.Length
                : 0;
            return new LogPart(from, text[..end].ToArray());
        }
    }

    /// <summary>The offset of the first byte of the character that a byte belongs to.</summary>
    private static int CharacterStart(ReadOnlySpan<byte> text, int at)
    {
        while (at < text.Length && at > 0 && (text[at] & 0xC0) == 0x80)
        {
            at--;
        }

        return at;
    }

    private void Decode(ReadOnlySpan<byte> bytes, bool isLast)
    {
        var characters = new char[_decoder.GetCharCount(bytes, isLast)];
        _decoder.GetChars(bytes, characters, isLast);
        Keep(Encoding.UTF8.GetBytes(characters));
    }

    private void Keep(ReadOnlySpan<byte> text)
    {
        _length += text.Length;
        var head = text[..Math.Min(text.Length, Half - _head.WrittenCount)];
        if (!head.IsEmpty)
        {
            // An empty write would double a full writer.
            _head.Write(head);
        }

        _tail.Append(text[head.Length..]);
    }
}
