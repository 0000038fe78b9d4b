using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.Versioning;

namespace SyncCluster.Scripts;

/// <summary>
/// A script that .NET has started, by way of <c>setsid</c> and a shell. This is necessary where this server is the machine's first process, as in a
/// container without an init: there .NET reaps all children, also those that it did not start.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class ManagedProcess : ScriptProcess
{
    private readonly Process _process;
    private readonly AnonymousPipeClientStream _stream;
    private readonly OutputPipe _pipe;

    /// <exception cref="System.ComponentModel.Win32Exception">It could not be started.</exception>
    /// <exception cref="IOException">It could not be started.</exception>
    /// <exception cref="UnsupervisedScriptException">It was started.</exception>
    public ManagedProcess(ProcessStartInfo start, ScriptLog log)
    {
        _process = new Process { StartInfo = start };
        try
        {
            using var notWhileWriting = ForkLock.Start();
            _process.Start();
        }
        catch
        {
            _process.Dispose();
            throw;
        }

        Id = _process.Id;
        _stream = (AnonymousPipeClientStream)_process.StandardOutput.BaseStream;
        try
        {
            _pipe = new OutputPipe(_stream, log, process: null, exited: () => { });
        }
        catch (Exception noThread)
        {
            var isKilled = NativeMethods.KillWithGroup(Id);
            Dispose();
            throw new UnsupervisedScriptException(isKilled, noThread);
        }

        Exit = ExitAsync();
    }

    public override int Id { get; }

    public override Task<ExitStatus> Exit { get; }

    public override bool HasExited => _process.HasExited;

    public override Task FinishAsync(TimeSpan atMost, TimeProvider time) => _pipe.FinishAsync(atMost, time);

    public override void Dispose()
    {
        _stream.Dispose();
        _process.Dispose();
    }

    private async Task<ExitStatus> ExitAsync()
    {
        await _process.WaitForExitAsync();
        return new ExitStatus(_process.ExitCode, null);
    }
}
