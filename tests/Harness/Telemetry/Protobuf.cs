using System.Buffers.Binary;
using System.Text;

namespace SyncCluster.Harness.Telemetry;

/// <summary>Reads messages of the protocol buffers' wire format.</summary>
internal static class Protobuf
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int LengthDelimited = 2;
    private const int Fixed32 = 5;

    /// <summary>The fields of a message in their order.</summary>
    public static List<Field> Read(ReadOnlyMemory<byte> message)
    {
        var fields = new List<Field>();
        for (var rest = message; !rest.IsEmpty;)
        {
            var key = TakeVarint(ref rest);
            var number = (int)(key >> 3);
            fields.Add((int)(key & 7) switch
            {
                Varint => new(number, TakeVarint(ref rest), default),
                Fixed64 => new(number, BinaryPrimitives.ReadUInt64LittleEndian(Take(ref rest, 8).Span), default),
                LengthDelimited => new(number, 0, Take(ref rest, (int)TakeVarint(ref rest))),
                Fixed32 => new(number, BinaryPrimitives.ReadUInt32LittleEndian(Take(ref rest, 4).Span), default),
                var type => throw new InvalidDataException($"A field has the type {type}."),
            });
        }

        return fields;
    }

    private static ulong TakeVarint(ref ReadOnlyMemory<byte> rest)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var part = Take(ref rest, 1).Span[0];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }

    private static ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> rest, int length)
    {
        var taken = rest[..length];
        rest = rest[length..];
        return taken;
    }

    /// <param name="Number">Its number.</param>
    /// <param name="Value">Of a number.</param>
    /// <param name="Bytes">Of a text or a message.</param>
    internal readonly record struct Field(int Number, ulong Value, ReadOnlyMemory<byte> Bytes)
    {
        public string Text => Encoding.UTF8.GetString(Bytes.Span);

        public string Hex => Convert.ToHexStringLower(Bytes.Span);
    }
}
