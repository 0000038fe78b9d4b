using System.Buffers;
using System.Text;

namespace SyncCluster.Scripts;

/// <summary>
/// The last line of a stream that is not blank. A line ends with \n, \r\n or \r: what a progress bar has overwritten is not shown. A line replaces the one before only with its first byte that is not blank, so one buffer is enough
/// for any number of blank lines.
/// </summary>
internal sealed class LastLineBuffer(int capacity)
{
    private readonly ArrayBufferWriter<byte> _line = new();
    private bool _isEnded;
    private bool _isTooLong;

    /// <summary>The line, trimmed; empty if all was blank; null if it is longer than the capacity.</summary>
    public string? Text => _isTooLong ? null : Encoding.UTF8.GetString(_line.WrittenSpan).Trim();

    public void Append(ReadOnlySpan<byte> bytes)
    {
        var text = bytes.TrimEnd(" \t\r\n\v\f"u8);
        if (!text.IsEmpty)
        {
            AppendText(text);
        }

        var rest = bytes[text.Length..];
        if (rest.IndexOfAny((byte)'\n', (byte)'\r') >= 0)
        {
            _isEnded = true;
        }
        else if (!_isEnded && _line.WrittenCount > 0)
        {
            // Trailing white space belongs to the line only if more of the line follows.
            Write(rest[..Math.Min(rest.Length, Room)]);
        }
    }

    private int Room => capacity - _line.WrittenCount;

    private void AppendText(ReadOnlySpan<byte> bytes)
    {
        var start = bytes.LastIndexOfAny((byte)'\n', (byte)'\r') + 1;
        if (start > 0 || _isEnded)
        {
            _line.ResetWrittenCount();
            _isEnded = false;
            _isTooLong = false;
        }

        bytes = bytes[start..];
        if (_line.WrittenCount == 0)
        {
            bytes = bytes.TrimStart(" \t\v\f"u8);
        }

        _isTooLong |= bytes.Length > Room;
        if (!_isTooLong)
        {
            Write(bytes);
        }
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            // An empty write would double a full writer.
            _line.Write(bytes);
        }
    }
}
