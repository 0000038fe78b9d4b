using System.Buffers.Text;
using System.Diagnostics;
using System.Text;

namespace SyncCluster.Bench.Children;

/// <summary>
/// The moment when a result was complete, as the result: a JSON array of one string, <see cref="Stopwatch.GetTimestamp"/>. All processes of a machine
/// share that clock.
/// </summary>
internal static class CompletionTimestamp
{
    public static byte[] Of(long timestamp) => Encoding.ASCII.GetBytes($"[\"{timestamp}\"]");

    /// <summary>Reads it from an answer; null where the answer is something else.</summary>
    public static long? Read(ReadOnlySpan<byte> answer) =>
        answer is [(byte)'[', (byte)'"', .. var digits] && Utf8Parser.TryParse(digits, out long timestamp, out var read) && digits[read..] is [(byte)'"', (byte)']']
            ? timestamp
            : null;
}
