using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Api.Events;

namespace SyncCluster.Gateway.Http;

/// <summary>
/// Writes to a response no faster than its client reads. Kestrel copies whatever it is given into the connection's buffer at once, so a large answer is
/// given in pieces, each after the buffer has room. A client that does not make room for <see cref="FollowingOptions.SlowReader"/> is disconnected.
/// </summary>
internal sealed partial class PacedWriter(IOptions<FollowingOptions> options, TimeProvider timeProvider, ILogger<PacedWriter> logger)
{
    /// <summary>The length of a piece in bytes: half of what Kestrel buffers before it lets a writer wait.</summary>
    public const int PieceLength = 32 * 1024;

    /// <summary>Writes all of it.</summary>
    /// <exception cref="OperationCanceledException">The client has disconnected, or was disconnected.</exception>
    public async Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> body)
    {
        for (var rest = body; !rest.IsEmpty;)
        {
            var piece = rest[..Math.Min(rest.Length, PieceLength)];
            rest = rest[piece.Length..];
            await TakenAsync(http, http.Response.BodyWriter.WriteAsync(piece, http.RequestAborted));
        }
    }

    /// <summary>Sends what was written to the response's writer.</summary>
    /// <exception cref="OperationCanceledException">The client has disconnected, or was disconnected.</exception>
    public Task FlushAsync(HttpContext http) => TakenAsync(http, http.Response.BodyWriter.FlushAsync(http.RequestAborted));

    private async Task TakenAsync(HttpContext http, ValueTask<System.IO.Pipelines.FlushResult> flush)
    {
        // Only a client that is behind needs a timer.
        if (!flush.IsCompleted)
        {
            using var limit = new CancellationTokenSource(options.Value.SlowReader, timeProvider);
            await using var cut = limit.Token.Register(() => Disconnect(http));
            await flush;
        }
        else
        {
            await flush;
        }

        http.RequestAborted.ThrowIfCancellationRequested();
    }

    private void Disconnect(HttpContext http)
    {
        LogSlowReader(http.Connection.RemoteIpAddress, options.Value.SlowReader);
        http.Abort();
    }
}
