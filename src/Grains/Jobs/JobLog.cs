using System.Text;
using SyncCluster.Scripts;

namespace SyncCluster.Jobs;

/// <summary>A part of what a job's script has printed.</summary>
/// <param name="From">The position of the part, in bytes. If it is after the requested position, the bytes between are no longer kept.</param>
/// <param name="Text">UTF-8.</param>
[GenerateSerializer, Immutable, Alias("sync.job.log")]
public sealed record JobLog(
    [property: Id(0)] long From,
    [property: Id(1)] byte[] Text)
{
    /// <summary>The position in the log after this part.</summary>
    public long Next => From + Text.Length;

    /// <summary>The rest of a finished job's log, for a reader that has the beginning.</summary>
    /// <param name="log">The log from the job's result. Its middle may be cut out.</param>
    /// <param name="from">How many bytes of the log, as the script printed it, the reader has.</param>
    internal static JobLog RestOf(string log, long from)
    {
        var text = Encoding.UTF8.GetBytes(log);
        if (LogCut.Find(log) is var (note, missing))
        {
            var head = Encoding.UTF8.GetByteCount(log.AsSpan(..note.Start.Value));
            var tail = Encoding.UTF8.GetByteCount(log.AsSpan(note.End.Value..));
            if (from > head)
            {
                var known = Math.Clamp(from - head - missing, 0, tail);
                return new(head + missing + known, text[^(int)(tail - known)..]);
            }
        }

        return new(Math.Min(from, text.Length), text[(int)Math.Min(from, text.Length)..]);
    }
}
