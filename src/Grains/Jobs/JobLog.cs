using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace SyncCluster.Jobs;

/// <summary>A part of what a job's script has printed.</summary>
/// <param name="From">How many bytes of the log come before it. More than was asked for: what was between is not kept any more.</param>
/// <param name="Text">UTF-8.</param>
[GenerateSerializer, Immutable, Alias("sync.job.log")]
public sealed partial record JobLog(
    [property: Id(0)] long From,
    [property: Id(1)] byte[] Text)
{
    /// <summary>How much of the log is known with it.</summary>
    public long Next => From + Text.Length;

    /// <summary>What stands in a finished job's log for what was too long to keep.</summary>
    /// <param name="count">Bytes that are missing.</param>
    /// <param name="before">What comes before.</param>
    internal static string CutNote(long count, ReadOnlySpan<byte> before) =>
        string.Create(CultureInfo.InvariantCulture, $"{(before.EndsWith("\n"u8) ? "" : "\n")}[… {count} bytes were cut here …]\n");

    /// <summary>The rest of a finished job's log for whoever knows the beginning.</summary>
    /// <param name="log">The log as its result has it, perhaps cut in the middle.</param>
    /// <param name="from">How many bytes of the log as it was printed are known.</param>
    internal static JobLog RestOf(string log, long from)
    {
        var text = Encoding.UTF8.GetBytes(log);
        if (Cut().Match(log) is { Success: true } cut && long.TryParse(cut.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var missing))
        {
            var head = Encoding.UTF8.GetByteCount(log.AsSpan(0, cut.Index));
            var tail = Encoding.UTF8.GetByteCount(log.AsSpan(cut.Index + cut.Length));
            if (from > head)
            {
                var known = Math.Clamp(from - head - missing, 0, tail);
                return new(head + missing + known, text[^(int)(tail - known)..]);
            }
        }

        return new(Math.Min(from, text.Length), text[(int)Math.Min(from, text.Length)..]);
    }

    [GeneratedRegex(@"\n?\[… ([0-9]{1,18}) bytes were cut here …\]\n")]
    private static partial Regex Cut();
}

/// <summary>How far a job is.</summary>
/// <param name="Lifecycle">Where it is on its way.</param>
/// <param name="Log">What its script has printed since; null where nobody can say.</param>
[GenerateSerializer, Immutable, Alias("sync.job.progress")]
public sealed record JobProgress(
    [property: Id(0)] Lifecycle Lifecycle,
    [property: Id(1)] JobLog? Log);
