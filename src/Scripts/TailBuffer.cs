namespace SyncCluster.Scripts;

/// <summary>The last bytes of a stream, up to a capacity. Memory is allocated only as far as it is needed.</summary>
internal sealed class TailBuffer(int capacity)
{
    private byte[] _bytes = [];
    private int _length;
    private int _start;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > capacity)
        {
            bytes = bytes[^capacity..];
        }

        Grow(_length + bytes.Length);
        var room = Math.Min(bytes.Length, capacity - _length);
        var at = (_start + _length) % capacity;
        _length += room;
        _start = (_start + bytes.Length - room) % capacity;

        var first = Math.Min(bytes.Length, _bytes.Length - at);
        bytes[..first].CopyTo(_bytes.AsSpan(at));
        bytes[first..].CopyTo(_bytes);
    }

    public byte[] ToArray()
    {
        var first = Math.Min(_length, _bytes.Length - _start);
        return [.. _bytes.AsSpan(_start, first), .. _bytes.AsSpan(0, _length - first)];
    }

    // Only a full buffer wraps around, so growing can copy without moving.
    private void Grow(int needed)
    {
        if (needed > _bytes.Length && _bytes.Length < capacity)
        {
            Array.Resize(ref _bytes, Math.Min(capacity, Math.Max(needed, Math.Max(256, 2 * _bytes.Length))));
        }
    }
}
