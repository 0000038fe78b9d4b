using System.Buffers;
using System.Globalization;
using System.Text;

namespace SyncCluster.Execution.Local;

/// <summary>
/// What a script printed: the head and the tail of it, and its last line. Takes bytes as they come, in memory that is bounded (half a MiB for the
/// head, as much for the tail, 2 MiB for the line) and grows only as needed.
/// </summary>
internal sealed class ScriptLog
{
    /// <summary>UTF-8 bytes of <see cref="Text"/> at most, the note about a cut included.</summary>
    public const int Capacity = 1 << 20;

    /// <summary>Bytes up to which the last line is kept whole.</summary>
    public const int LineCapacity = 2 << 20;

    private const int Half = Capacity / 2;
    private const int NoteLength = 64;

    private readonly ArrayBufferWriter<byte> _head = new();
    private readonly TailBuffer _tail = new(Half);
    private readonly LastLine _line = new(LineCapacity);
    private long _length;

    /// <summary>The last line that is not blank, trimmed; empty if there is none; null if it was too long to be kept whole.</summary>
    public string? LastLine => _line.Text;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        _length += bytes.Length;
        _line.Append(bytes);

        var head = bytes[..Math.Min(bytes.Length, Half - _head.WrittenCount)];
        if (!head.IsEmpty)
        {
            // Not an empty one: a full writer would double for it.
            _head.Write(head);
        }

        _tail.Append(bytes[head.Length..]);
    }

    /// <summary>The log as text: what is not UTF-8 becomes U+FFFD, and what is too long is cut in the middle, with a note on a line of its own.</summary>
    public string Text()
    {
        var head = _head.WrittenSpan;
        ReadOnlySpan<byte> tail = _tail.ToArray();
        if (_length == head.Length + tail.Length)
        {
            byte[] whole = [.. head, .. tail];
            var text = Encoding.UTF8.GetString(whole);
            if (Encoding.UTF8.GetByteCount(text) <= Capacity)
            {
                return text;
            }

            head = tail = whole;
        }

        // Either is longer than what is kept of it: a character broken at the end of the head or the beginning of the tail is cut off.
        var kept = head[..FittingPrefix(head)];
        var end = tail[^FittingSuffix(tail)..];
        var newline = kept.EndsWith("\n"u8) ? "" : "\n";
        var note = string.Create(CultureInfo.InvariantCulture, $"{newline}[… {_length - kept.Length - end.Length} bytes were cut here …]\n");
        return Encoding.UTF8.GetString(kept) + note + Encoding.UTF8.GetString(end);
    }

    private static int FittingPrefix(ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        var room = Half - NoteLength;
        while (taken < bytes.Length)
        {
            Rune.DecodeFromUtf8(bytes[taken..], out var rune, out var consumed);
            room -= rune.Utf8SequenceLength;
            if (room < 0)
            {
                break;
            }

            taken += consumed;
        }

        return taken;
    }

    private static int FittingSuffix(ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        var room = Half - NoteLength;
        while (taken < bytes.Length)
        {
            Rune.DecodeLastFromUtf8(bytes[..^taken], out var rune, out var consumed);
            room -= rune.Utf8SequenceLength;
            if (room < 0)
            {
                break;
            }

            taken += consumed;
        }

        return taken;
    }
}
