using System.Buffers.Text;
using System.Diagnostics;
using System.Text;

namespace SyncCluster.Bench.Children;

/// <summary>
/// When a result was there: a JSON array of one string, <see cref="Stopwatch.GetTimestamp"/>, which is one clock in all processes of a machine.
/// </summary>
internal static class Stamp
{
    public static byte[] Of(long timestamp) => Encoding.ASCII.GetBytes($"[\"{timestamp}\"]");

    /// <summary>Null where the answer is none of these.</summary>
    public static long? Read(ReadOnlySpan<byte> answer) =>
        answer is [(byte)'[', (byte)'"', .. var digits] && Utf8Parser.TryParse(digits, out long timestamp, out var read) && digits[read..] is [(byte)'"', (byte)']']
            ? timestamp
            : null;
}
