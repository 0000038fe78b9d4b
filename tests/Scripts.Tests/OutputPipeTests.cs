using System.IO.Pipes;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace SyncCluster.Scripts.Tests;

[SupportedOSPlatform("linux")]
public sealed class OutputPipeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Of_an_output_that_cannot_be_read_the_end_of_its_process_is_heard_all_the_same()
    {
        using var output = new AnonymousPipeServerStream(PipeDirection.In);
        using var broken = new BrokenPipe(output.SafePipeHandle);
        using var process = new AnonymousPipeServerStream(PipeDirection.In);
        var exited = new TaskCompletionSource();
        var pipe = new OutputPipe(broken, new ScriptLog(), process.SafePipeHandle, exited.SetResult);
        output.DisposeLocalCopyOfClientHandle();
        await broken.Told.Task.WaitAsync(Limit);
        Assert.False(exited.Task.IsCompleted);

        process.DisposeLocalCopyOfClientHandle();
        await exited.Task.WaitAsync(Limit);
        Assert.Same(BrokenPipe.Fault, await Assert.ThrowsAsync<InsufficientMemoryException>(() => pipe.FinishAsync(Limit, TimeProvider.System)));
    }

    private sealed class BrokenPipe : PipeStream
    {
        public static readonly InsufficientMemoryException Fault = new();

        public BrokenPipe(SafePipeHandle handle)
            : base(PipeDirection.In, 0) => InitializeHandle(handle, isExposed: false, isAsync: false);

        /// <summary>The reader reads no more.</summary>
        public TaskCompletionSource Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override int Read(Span<byte> buffer) => throw Fault;

        protected override void Dispose(bool disposing)
        {
            Told.TrySetResult();
            base.Dispose(disposing);
        }
    }
}
