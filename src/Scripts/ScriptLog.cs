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

    /// <summary>
    /// The limit of <see cref="Text"/>, and of a last line, in bytes as they are stored. Text without control characters never exceeds it: it takes at most
    /// two bytes for one.
    /// </summary>
    public const int StoredCapacity = 2 * Capacity;

    /// <summary>The limit of the last line in bytes. A longer one is not kept.</summary>
    public const int LineCapacity = 2 << 20;

    /// <summary>
    /// What the shell prints that sets a script's limits, before it becomes the script: until then the programs print that start the script. Not a
    /// part of the log.
    /// </summary>
    public const byte Beginning = 6;

    private const int Half = Capacity / 2;

    private readonly Lock _lock = new();
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly ArrayBufferWriter<byte> _head = new();
    private readonly TailBuffer _tail = new(Half);
    private readonly LastLineBuffer _line = new(LineCapacity);
    private bool _mayBeInsideCharacter;
    private long _length;

    /// <summary>Whether the script has begun. False at first only for a log that waits for <see cref="Beginning"/>.</summary>
    public bool HasBegun { get; private set; } = true;

    /// <summary>The log of a script that has not begun.</summary>
    public static ScriptLog BeforeScript() => new() { HasBegun = false };

    /// <summary>The last line that is not blank, trimmed; empty if there is none; null if it was too long to be kept.</summary>
    public string? LastLine => _line.Text;

    /// <summary>Appends what was printed next. Bytes that are not UTF-8 become U+FFFD.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (!HasBegun && bytes.IndexOf(Beginning) is >= 0 and var at)
            {
                HasBegun = true;
                Append(bytes[..at]);
                bytes = bytes[(at + 1)..];
            }

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
            ReadOnlySpan<byte> head = _head.WrittenSpan;
            ReadOnlySpan<byte> tail = _tail.ToArray();
            if (_length > Capacity)
            {
                return Cut(head, StoredText.CharacterStart(head, Half - LogCut.MaxNoteLength), tail, StoredText.CharacterStart(tail, LogCut.MaxNoteLength));
            }

            ReadOnlySpan<byte> whole = [.. head, .. tail];
            return StoredText.Length(whole) <= StoredCapacity ? Encoding.UTF8.GetString(whole) : Cut(whole, whole.Length, whole, 0);
        }
    }

    /// <summary>
    /// The whole lines from an offset on, while the script may still print. They end with \n, \r\n or \r. A line longer than the limit is returned in
    /// pieces.
    /// </summary>
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
            var known = WithoutHalfLineEnd(text, limit);
            var end = known.LastIndexOfAny((byte)'\n', (byte)'\r') + 1;
            end = end > 0 ? end
                : text.Length >= limit ? StoredText.CharacterStart(text, known.Length)
                : isCutHere ? text.Length
                : 0;
            return new LogPart(from, text[..end].ToArray());
        }
    }

    /// <summary>The beginning of a text, up to the limit, without a \r at its end that is or may become the first half of a line end.</summary>
    private static ReadOnlySpan<byte> WithoutHalfLineEnd(ReadOnlySpan<byte> text, int limit)
    {
        var beginning = text[..Math.Min(text.Length, limit)];
        var mayGoOn = beginning.Length == text.Length || text[beginning.Length] == '\n';
        return beginning.EndsWith("\r"u8) && mayGoOn ? beginning[..^1] : beginning;
    }

    /// <summary>A beginning and an end of the log with a note between them, as much of both as may be stored.</summary>
    /// <param name="head">Begins where the log begins.</param>
    /// <param name="headEnd">How much of it may be kept.</param>
    /// <param name="tail">Ends where the log ends.</param>
    /// <param name="tailStart">From where on it may be kept.</param>
    private string Cut(ReadOnlySpan<byte> head, int headEnd, ReadOnlySpan<byte> tail, int tailStart)
    {
        const int HalfStored = (StoredCapacity / 2) - LogCut.MaxNoteLength;
        head = head[..Math.Min(headEnd, StoredText.Beginning(head, HalfStored))];
        tail = tail[Math.Max(tailStart, StoredText.End(tail, HalfStored))..];
        return Encoding.UTF8.GetString(head) + LogCut.Note(_length - head.Length - tail.Length, head) + Encoding.UTF8.GetString(tail);
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
