using System.Buffers;
using System.IO.Pipes;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace SyncCluster.Scripts;

/// <summary>
/// Reads what a script prints into its log, on a thread of its own: an asynchronous read of an anonymous pipe would block one of the thread pool's.
/// The same thread waits for the end of the script's process where it is given a descriptor of it.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class OutputPipe
{
    private const int PipeCapacity = 64 * 1024;

    // A process that has escaped may hold the pipe for ever without a word: so long after the reader was told it still sits there.
    private static readonly TimeSpan AbandonSlice = TimeSpan.FromMilliseconds(100);

    private readonly PipeStream _pipe;
    private readonly ScriptLog _log;
    private readonly SafeHandle? _process;
    private readonly Action _exited;
    private volatile bool _abandoned;

    /// <param name="pipe">To be read.</param>
    /// <param name="log">What is read.</param>
    /// <param name="process">A descriptor that has data when the process has ended.</param>
    /// <param name="exited">Called once, when it has.</param>
    public OutputPipe(PipeStream pipe, ScriptLog log, SafeHandle? process, Action exited)
    {
        (_pipe, _log, _process, _exited) = (pipe, log, process, exited);
        End = Task.Factory.StartNew(Read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>
    /// Completes when the pipe has come to its end or was abandoned, and the process has ended: the log is whole then. Fails where it could not be read.
    /// </summary>
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
        var process = _process;
        var pipe = _pipe.SafePipeHandle;
        byte[]? buffer = null;
        ExceptionDispatchInfo? fault = null;
        while (process is not null || (pipe is not null && !_abandoned))
        {
            // Nobody abandons the pipe before the process has ended.
            var (isReadable, hasExited) = NativeMethods.WaitReadable(pipe, process, process is null ? AbandonSlice : Timeout.InfiniteTimeSpan);
            if (isReadable)
            {
                try
                {
                    buffer ??= ArrayPool<byte>.Shared.Rent(PipeCapacity);
                    var count = _pipe.Read(buffer);
                    pipe = count == 0 ? null : pipe;
                    _log.Append(buffer.AsSpan(0, count));
                }
                catch (Exception e)
                {
                    // There is no memory for the log, for instance. Whoever goes on writing is told so; the process' end is still to be heard of.
                    fault = ExceptionDispatchInfo.Capture(e);
                    pipe = null;
                    _pipe.Dispose();
                }
            }

            if (hasExited)
            {
                process = null;
                _exited();
            }
        }

        if (buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        fault?.Throw();
    }
}
