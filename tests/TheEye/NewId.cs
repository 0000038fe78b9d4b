using System.Buffers.Binary;

namespace SyncCluster.TheEye;

/// <summary>Ids like those of the original's database: 24 hex digits, ascending.</summary>
internal static class NewId
{
    private static long _last = Random.Shared.NextInt64(1L << 48);

    public static string Next()
    {
        Span<byte> id = stackalloc byte[12];
        BinaryPrimitives.WriteUInt32BigEndian(id, (uint)TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
        BinaryPrimitives.WriteInt64BigEndian(id[4..], Interlocked.Increment(ref _last));
        return Convert.ToHexStringLower(id);
    }
}
