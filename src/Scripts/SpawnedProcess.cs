using System.ComponentModel;
using System.IO.Pipes;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace SyncCluster.Scripts;

/// <summary>
/// A script that leads its session from its first instruction on (<see cref="PosixSpawn"/>). Its end is signaled by a descriptor of the process. .NET
/// does not know the process and does not reap it.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class SpawnedProcess : ScriptProcess
{
    private readonly AnonymousPipeServerStream _stream = new(PipeDirection.In, HandleInheritability.None);
    private readonly SafeFileHandle _process;
    private readonly OutputPipe _pipe;
    private readonly TaskCompletionSource<ExitStatus> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <exception cref="Win32Exception">It could not be started.</exception>
    /// <exception cref="IOException">It could not be started.</exception>
    /// <exception cref="UnsupervisedScriptException">It was started.</exception>
    public SpawnedProcess(
        string program, IReadOnlyList<string> words, IReadOnlyDictionary<string, string> environment, string folder, ScriptLog log)
    {
        try
        {
            (Id, _process) = PosixSpawn.Start(program, words, environment, folder, _stream.ClientSafePipeHandle);
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
        finally
        {
            _stream.DisposeLocalCopyOfClientHandle();
        }

        try
        {
            _pipe = new OutputPipe(_stream, log, _process, OnExited);
        }
        catch (Exception noThread)
        {
            var isKilled = PosixSpawn.TryKillAndReap(Id);
            Dispose();
            throw new UnsupervisedScriptException(isKilled, noThread);
        }
    }

    public override int Id { get; }

    public override Task<ExitStatus> Exit => _exit.Task;

    public override bool HasExited => NativeMethods.WaitReadable(_process, null, TimeSpan.Zero).One;

    public override Task FinishAsync(TimeSpan atMost, TimeProvider time) => _pipe.FinishAsync(atMost, time);

    public override void Dispose()
    {
        _stream.Dispose();
        _process.Dispose();
    }

    private void OnExited()
    {
        try
        {
            _exit.SetResult(PosixSpawn.Reap(Id));
        }
        catch (InvalidOperationException reaped)
        {
            _exit.SetException(reaped);
        }
    }
}
