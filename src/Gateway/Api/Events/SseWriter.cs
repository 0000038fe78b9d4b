using System.Buffers;
using System.Text;
using SyncCluster.Gateway.Http;

namespace SyncCluster.Gateway.Api.Events;

/// <summary>
/// Server-sent events on one response. The framework's own result for them writes no comments, and proxies cut a connection on which nothing is sent for
/// long.
/// </summary>
internal sealed class SseWriter
{
    public const string MediaType = "text/event-stream";

    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);

    private readonly HttpContext _http;
    private readonly PacedWriter _writer;
    private readonly FollowingOptions _options;
    private readonly TimeProvider _timeProvider;
    private int _unsent;
    private long _sentAt;

    public SseWriter(HttpContext http, PacedWriter writer, FollowingOptions options, TimeProvider timeProvider)
    {
        _http = http;
        _writer = writer;
        _options = options;
        _timeProvider = timeProvider;
        http.Response.ContentType = MediaType;

        // Otherwise nginx collects an answer, to send it in larger pieces.
        http.Response.Headers["X-Accel-Buffering"] = "no";
    }

    /// <summary>Whether a request asks for events.</summary>
    public static bool IsRequested(HttpRequest request) =>

        // The header is parsed only if it can be there: few calls ask for events.
        request.Headers.Accept.Any(line => line!.Contains(MediaType, StringComparison.OrdinalIgnoreCase))
        && request.GetTypedHeaders().Accept.Any(accepted => accepted.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase) && accepted.Quality is not 0);

    /// <summary>
    /// Adds an event; it is sent with the next <see cref="FlushAsync"/>. What is added is sent at once where it would become too much to be buffered.
    /// </summary>
    /// <param name="name">The event's name.</param>
    /// <param name="id">Where to resume after it; null if that does not change.</param>
    /// <param name="data">UTF-8, in parts; no line end lies across two of them.</param>
    /// <exception cref="OperationCanceledException">The client has disconnected, or was disconnected.</exception>
    public async ValueTask AddAsync(string name, string? id, params ReadOnlyMemory<byte>[] data)
    {
        Write("event: ");
        Write(name);
        Write("\ndata: ");
        foreach (var part in data)
        {
            for (var rest = part; !rest.IsEmpty;)
            {
                rest = Write(rest);
                if (_unsent >= PacedWriter.PieceLength)
                {
                    await FlushAsync();
                }
            }
        }

        // After the data: some clients take an id as soon as they have read its line, and would not ask again for an event that broke off.
        if (id is not null)
        {
            Write("\nid: ");
            Write(id);
        }

        Write("\n\n");
        if (_unsent >= PacedWriter.PieceLength)
        {
            await FlushAsync();
        }
    }

    /// <summary>Sends a comment if nothing has been sent for long.</summary>
    public async ValueTask KeepAliveAsync()
    {
        if (_timeProvider.GetElapsedTime(_sentAt) >= _options.Heartbeat)
        {
            Write(":\n\n");
            await FlushAsync();
        }
    }

    /// <summary>Sends the added events. A client that does not read is disconnected: it may come back with the last id that it has.</summary>
    /// <exception cref="OperationCanceledException">The client has disconnected, or was disconnected.</exception>
    public async ValueTask FlushAsync()
    {
        await _writer.FlushAsync(_http);
        _unsent = 0;
        _sentAt = _timeProvider.GetTimestamp();
    }

    /// <summary>Writes a piece of an event's data, up to the end of its line.</summary>
    /// <returns>What is left of it.</returns>
    private ReadOnlyMemory<byte> Write(ReadOnlyMemory<byte> data)
    {
        var piece = data.Span[..Math.Min(data.Length, PacedWriter.PieceLength)];
        var end = piece.IndexOfAny(LineEnds);
        var line = end < 0 ? piece : piece[..end];
        _http.Response.BodyWriter.Write(line);
        _unsent += line.Length;
        if (end < 0)
        {
            return data[line.Length..];
        }

        Write("\ndata: ");
        return data[(end + (data.Span[end..].StartsWith("\r\n"u8) ? 2 : 1))..];
    }

    private void Write(string text) => _unsent += (int)Encoding.UTF8.GetBytes(text, _http.Response.BodyWriter);
}
