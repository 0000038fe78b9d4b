using System.Buffers;
using System.IO.Pipes;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace SyncCluster.Scripts;

/// <summary>
/// Reads what a script prints into its log, on a thread of its own: an asynchronous read of an anonymous pipe would block a thread of the pool. The
/// same thread waits for the end of the script's process if it is given a descriptor of the process.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class OutputPipe
{
    private const int PipeCapacity = 64 * 1024;

    /// <summary>
    /// How often the reader checks whether the pipe was abandoned: a process that has left the group may hold the pipe for ever and print nothing.
    /// </summary>
    private static readonly TimeSpan AbandonCheck = TimeSpan.FromMilliseconds(100);

    private readonly PipeStream _pipe;
    private readonly ScriptLog _log;
    private readonly SafeHandle? _process;
    private readonly Action _exited;
    private volatile bool _abandoned;

    /// <param name="pipe">The pipe that the script prints to.</param>
    /// <param name="log">The log that takes what is read.</param>
    /// <param name="process">A descriptor that has data when the process has ended; null for none.</param>
    /// <param name="exited">Called once, when the process has ended.</param>
    public OutputPipe(PipeStream pipe, ScriptLog log, SafeHandle? process, Action exited)
    {
        (_pipe, _log, _process, _exited) = (pipe, log, process, exited);
        End = Task.Factory.StartNew(Read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>
    /// Completes when the pipe is at its end or was abandoned, and the process has ended: then the log is complete. Fails if the pipe could not be
    /// read.
    /// </summary>
    public Task End { get; }

    /// <summary>
    /// Waits for the end of the pipe for a limited time. After it the pipe is abandoned: what is in it by then is read, and what comes later is lost.
    /// </summary>
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
            // The pipe is never abandoned before the process has ended.
            var (isReadable, hasExited) = NativeMethods.WaitReadable(pipe, process, process is null ? AbandonCheck : Timeout.InfiniteTimeSpan);
            if (isReadable)
            {
                ReadOnce();
            }

            if (hasExited)
            {
                process = null;
                _exited();
            }
        }

        // What is in an abandoned pipe, and no more: a process that holds it may print for ever. One read takes as much as a pipe has.
        if (pipe is not null && NativeMethods.WaitReadable(pipe, null, TimeSpan.Zero).One)
        {
            ReadOnce();
        }

        if (buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        fault?.Throw();

        void ReadOnce()
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
                // For instance, there is no memory for the log. A process that goes on writing gets an error. The end of the process still
                // counts.
                fault = ExceptionDispatchInfo.Capture(e);
                pipe = null;
                _pipe.Dispose();
            }
        }
    }
}
