using System.Buffers;
using System.Text;

namespace SyncCluster.Scripts;

/// <summary>
/// The last line of a stream that is not blank. A line replaces the one before only with its first byte that is not blank, so one buffer is
/// enough, however many blank lines follow.
/// </summary>
internal sealed class LastLineBuffer(int capacity)
{
    private readonly ArrayBufferWriter<byte> _line = new();
    private bool _ended;
    private bool _tooLong;

    /// <summary>The line, trimmed; empty if all was blank; null if it is longer than the capacity.</summary>
    public string? Text => _tooLong ? null : Encoding.UTF8.GetString(_line.WrittenSpan).Trim();

    public void Append(ReadOnlySpan<byte> bytes)
    {
        var solid = bytes.TrimEnd(" \t\r\n\v\f"u8);
        if (!solid.IsEmpty)
        {
            AppendSolid(solid);
        }

        var rest = bytes[solid.Length..];
        var end = rest.IndexOf((byte)'\n');
        if (end >= 0)
        {
            _ended = true;
        }
        else if (!_ended && _line.WrittenCount > 0)
        {
            // Blanks at the end belong to the line only if more of it follows.
            Write(rest[..Math.Min(rest.Length, Room)]);
        }
    }

    private int Room => capacity - _line.WrittenCount;

    private void AppendSolid(ReadOnlySpan<byte> bytes)
    {
        var start = bytes.LastIndexOf((byte)'\n') + 1;
        if (start > 0 || _ended)
        {
            _line.ResetWrittenCount();
            _ended = false;
            _tooLong = false;
        }

        bytes = bytes[start..];
        if (_line.WrittenCount == 0)
        {
            bytes = bytes.TrimStart(" \t\r\v\f"u8);
        }

        _tooLong |= bytes.Length > Room;
        if (!_tooLong)
        {
            Write(bytes);
        }
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            // Not an empty one: a full writer would double for it.
            _line.Write(bytes);
        }
    }
}
