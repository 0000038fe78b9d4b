using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;

namespace SyncCluster.Jobs.Listing;

/// <summary>A job's place among those of its customer: by the time of its call, then by its id. It never changes.</summary>
/// <param name="CreatedAt">Microseconds since 1970.</param>
/// <param name="IdHigh">The first 16 digits of the job's id.</param>
/// <param name="IdLow">The other 8.</param>
internal readonly record struct JobPosition(long CreatedAt, ulong IdHigh, uint IdLow) : IComparable<JobPosition>
{
    /// <summary>The length of its bytes.</summary>
    public const int Length = sizeof(long) + sizeof(ulong) + sizeof(uint);

    public string JobId => string.Create(CultureInfo.InvariantCulture, $"{IdHigh:x16}{IdLow:x8}");

    public static JobPosition Of(JobSpec spec) => new(
        Micros(spec.CreatedAt),
        ulong.Parse(spec.JobId.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
        uint.Parse(spec.JobId.AsSpan(16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));

    /// <summary>A time as positions have it.</summary>
    public static long Micros(DateTimeOffset time) => Math.Max(0, (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);

    public static JobPosition Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadInt64BigEndian(bytes),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]));

    /// <summary>Reads what <see cref="ToString"/> has written. A client may send anything.</summary>
    public static bool TryParse(string text, out JobPosition position)
    {
        Span<byte> bytes = stackalloc byte[Length + 3];
        position = default;
        if (text.Length > 2 * Length
            || Base64Url.DecodeFromChars(text, bytes, out _, out var written) != System.Buffers.OperationStatus.Done
            || written != Length)
        {
            return false;
        }

        position = Read(bytes);
        return position.CreatedAt >= 0;
    }

    /// <summary>Bytes whose order is that of the positions.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt64BigEndian(bytes, CreatedAt);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], IdHigh);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[16..], IdLow);
    }

    /// <inheritdoc/>
    public int CompareTo(JobPosition other) =>
        CreatedAt != other.CreatedAt ? CreatedAt.CompareTo(other.CreatedAt)
        : IdHigh != other.IdHigh ? IdHigh.CompareTo(other.IdHigh)
        : IdLow.CompareTo(other.IdLow);

    /// <summary>As a cursor: of characters that an address may have.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        Write(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
