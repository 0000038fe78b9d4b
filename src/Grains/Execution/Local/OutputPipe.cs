using System.Buffers;
using System.IO.Pipes;
using System.Runtime.Versioning;

namespace SyncCluster.Execution.Local;

/// <summary>
/// Reads what a script prints into its log, on a thread of its own: an asynchronous read of an anonymous pipe would block one of the thread pool's.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class OutputPipe
{
    private const int PipeCapacity = 64 * 1024;

    // A process that has escaped may hold the pipe for ever without a word: so long after the reader was told it still sits there.
    private static readonly TimeSpan AbandonSlice = TimeSpan.FromMilliseconds(100);

    private readonly AnonymousPipeClientStream _pipe;
    private readonly ScriptLog _log;
    private volatile bool _abandoned;

    public OutputPipe(AnonymousPipeClientStream pipe, ScriptLog log)
    {
        (_pipe, _log) = (pipe, log);
        End = Task.Factory.StartNew(Read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Completes when the pipe has come to its end or was abandoned: the log is whole then.</summary>
    public Task End { get; }

    /// <summary>Waits for the end of the pipe, but not for ever: whoever still holds it then is not heard any more.</summary>
    public async Task FinishAsync(TimeSpan atMost, TimeProvider time)
    {
        try
        {
            await End.WaitAsync(atMost, time);
        }
        catch (TimeoutException)
        {
            _abandoned = true;
            await End;
        }
    }

    private void Read()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(PipeCapacity);
        try
        {
            while (!_abandoned)
            {
                if (!Libc.WaitReadable(_pipe.SafePipeHandle, AbandonSlice))
                {
                    continue;
                }

                var count = _pipe.Read(buffer);
                if (count == 0)
                {
                    return;
                }

                _log.Append(buffer.AsSpan(0, count));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
