using System.Net.Sockets;

namespace SyncCluster.Cluster.Tests.ConnectionLoss;

/// <summary>A connection that breaks at a given moment.</summary>
internal sealed class BreakingStream(Socket socket, ConnectionBreak? moment) : Stream
{
    private readonly NetworkStream _inner = new(socket, ownsSocket: true);
    private int _sendable = moment?.AfterSent ?? int.MaxValue;
    private int _readable = moment?.AfterRead ?? int.MaxValue;
    private Timer? _timer;

    /// <summary>Whether it was broken on this side.</summary>
    public bool IsBroken { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length >= _sendable)
        {
            await _inner.WriteAsync(buffer[.._sendable], cancellationToken);
            throw Break();
        }

        await _inner.WriteAsync(buffer, cancellationToken);
        _sendable -= buffer.Length;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // The client reads when it has sent everything.
        if (moment?.AfterRequest is { } delay)
        {
            _timer ??= new(_ => Break(), null, delay, Timeout.InfiniteTimeSpan);
        }

        var read = await _inner.ReadAsync(buffer.Length > _readable ? buffer[.._readable] : buffer, cancellationToken);
        _readable -= read;
        return _readable > 0 ? read : throw Break();
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _timer?.Dispose();
        _inner.Dispose();
        base.Dispose(disposing);
    }

    private IOException Break()
    {
        IsBroken = true;
        try
        {
            socket.LingerState = new LingerOption(moment!.Resets, 0);
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The exchange was over before.
        }

        socket.Dispose();
        return new IOException("The connection was broken.");
    }
}
