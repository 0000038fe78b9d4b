using System.IO.Pipes;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace SyncCluster.Scripts.Tests;

/// <summary>The reader of a script's output.</summary>
[SupportedOSPlatform("linux")]
public sealed class OutputPipeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task The_end_of_a_process_is_noticed_even_if_its_output_cannot_be_read()
    {
        using var output = new AnonymousPipeServerStream(PipeDirection.In);
        using var broken = new BrokenPipe(output.SafePipeHandle);
        using var process = new AnonymousPipeServerStream(PipeDirection.In);
        var exited = new TaskCompletionSource();
        var pipe = new OutputPipe(broken, new ScriptLog(), process.SafePipeHandle, exited.SetResult);
        output.DisposeLocalCopyOfClientHandle();
        await broken.Closed.Task.WaitAsync(Limit);
        Assert.False(exited.Task.IsCompleted);

        process.DisposeLocalCopyOfClientHandle();
        await exited.Task.WaitAsync(Limit);
        Assert.Same(BrokenPipe.Fault, await Assert.ThrowsAsync<InsufficientMemoryException>(() => pipe.FinishAsync(Limit, TimeProvider.System)));
    }

    [Fact]
    public async Task What_was_printed_before_a_pipe_is_abandoned_is_kept()
    {
        // As long as a pipe is open, it is not at its end.
        for (var pipes = 0; pipes < 20; pipes++)
        {
            using var output = new AnonymousPipeServerStream(PipeDirection.In);
            using var script = new AnonymousPipeClientStream(PipeDirection.Out, output.ClientSafePipeHandle);
            await script.WriteAsync("the last line\n"u8.ToArray());
            var log = new ScriptLog();
            await new OutputPipe(output, log, null, () => { }).FinishAsync(TimeSpan.Zero, TimeProvider.System);
            Assert.Equal("the last line\n", log.Text());
        }
    }

    private sealed class BrokenPipe : PipeStream
    {
        public static readonly InsufficientMemoryException Fault = new();

        public BrokenPipe(SafePipeHandle handle)
            : base(PipeDirection.In, 0) => InitializeHandle(handle, isExposed: false, isAsync: false);

        /// <summary>Completes when the reader has given the pipe up.</summary>
        public TaskCompletionSource Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override int Read(Span<byte> buffer) => throw Fault;

        protected override void Dispose(bool disposing)
        {
            Closed.TrySetResult();
            base.Dispose(disposing);
        }
    }
}
