using System.Buffers;
using System.Text;

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
    private readonly FollowingOptions _options;
    private readonly TimeProvider _timeProvider;
    private long _sentAt;

    public SseWriter(HttpContext http, FollowingOptions options, TimeProvider timeProvider)
    {
        _http = http;
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

    /// <summary>Adds an event; it is sent with the next <see cref="FlushAsync"/>.</summary>
    /// <param name="name">The event's name.</param>
    /// <param name="id">Where to resume after it; null if that does not change.</param>
    /// <param name="data">UTF-8.</param>
    public void Add(string name, string? id, ReadOnlySpan<byte> data)
    {
        Write("event: ");
        Write(name);
        for (var isLast = false; !isLast;)
        {
            var end = data.IndexOfAny(LineEnds);
            isLast = end < 0;
            Write("\ndata: ");
            _http.Response.BodyWriter.Write(isLast ? data : data[..end]);
            data = isLast ? [] : data[(end + (data[end..].StartsWith("\r\n"u8) ? 2 : 1))..];
        }

        // After the data: some clients take an id as soon as they have read its line, and would not ask again for an event that broke off.
        if (id is not null)
        {
            Write("\nid: ");
            Write(id);
        }

        Write("\n\n");
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
        using var limit = new CancellationTokenSource(_options.SlowReader, _timeProvider);
        using var cut = limit.Token.Register(_http.Abort);
        await _http.Response.BodyWriter.FlushAsync(_http.RequestAborted);
        _http.RequestAborted.ThrowIfCancellationRequested();
        _sentAt = _timeProvider.GetTimestamp();
    }

    private void Write(string text) => Encoding.UTF8.GetBytes(text, _http.Response.BodyWriter);
}
