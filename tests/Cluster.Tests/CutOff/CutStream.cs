using System.Net.Sockets;

namespace SyncCluster.Cluster.Tests.CutOff;

/// <summary>A connection that breaks when its cut says so.</summary>
internal sealed class CutStream(Socket socket, Cut? cut) : Stream
{
    private readonly NetworkStream _inner = new(socket, ownsSocket: true);
    private int _mayBeSent = cut?.Sent ?? int.MaxValue;
    private int _mayBeRead = cut?.Read ?? int.MaxValue;
    private Timer? _later;

    /// <summary>Whether it was cut, and not by the other side.</summary>
    public bool IsCut { get; private set; }

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
        if (buffer.Length >= _mayBeSent)
        {
            await _inner.WriteAsync(buffer[.._mayBeSent], cancellationToken);
            throw CutOff();
        }

        await _inner.WriteAsync(buffer, cancellationToken);
        _mayBeSent -= buffer.Length;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // Nobody reads before all is sent.
        if (cut?.Later is { } later)
        {
            _later ??= new(_ => CutOff(), null, later, Timeout.InfiniteTimeSpan);
        }

        var read = await _inner.ReadAsync(buffer.Length > _mayBeRead ? buffer[.._mayBeRead] : buffer, cancellationToken);
        _mayBeRead -= read;
        return _mayBeRead > 0 ? read : throw CutOff();
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
        _later?.Dispose();
        _inner.Dispose();
        base.Dispose(disposing);
    }

    private IOException CutOff()
    {
        IsCut = true;
        try
        {
            socket.LingerState = new LingerOption(cut!.Resets, 0);
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The answer was sooner.
        }

        socket.Dispose();
        return new IOException("The client was cut off.");
    }
}
