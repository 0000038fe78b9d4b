using System.Text;
using SyncCluster.Scripts;

namespace SyncCluster.Jobs;

/// <summary>The log of a job that has ended, for readers that have its beginning. All of them share the text.</summary>
internal sealed class EndedLog
{
    private readonly byte[] _text;
    private readonly int _headEnd;
    private readonly int _tailStart;
    private readonly long _missing;

    /// <param name="log">The log from the job's result. Its middle may be cut out.</param>
    public EndedLog(string log)
    {
        _text = Encoding.UTF8.GetBytes(log);
        (_headEnd, _tailStart) = (_text.Length, _text.Length);
        if (LogCut.Find(log) is var (note, missing))
        {
            _headEnd = Encoding.UTF8.GetByteCount(log.AsSpan(..note.Start.Value));
            _tailStart = _text.Length - Encoding.UTF8.GetByteCount(log.AsSpan(note.End.Value..));
            _missing = missing;
        }
    }

    /// <param name="from">How many bytes of the log, as the script printed it, the reader has.</param>
    /// <returns>
    /// The position of the rest, as the script printed it, and the rest. If the position is after the requested one, the bytes between were cut out.
    /// </returns>
    public (long From, ReadOnlyMemory<byte> Text) RestOf(long from)
    {
        if (from > _headEnd && _tailStart > _headEnd)
        {
            var known = (int)Math.Clamp(from - _headEnd - _missing, 0, _text.Length - _tailStart);
            return (_headEnd + _missing + known, _text.AsMemory(_tailStart + known));
        }

        var start = (int)Math.Min(from, _text.Length);
        return (start, _text.AsMemory(start));
    }
}
