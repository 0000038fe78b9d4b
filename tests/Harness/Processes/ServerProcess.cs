using System.Collections.Concurrent;
using System.Diagnostics;

namespace SyncCluster.Harness.Processes;

/// <summary>One process, the leader of a process group of its own, and what it has printed. Disposal kills it.</summary>
public sealed class ServerProcess : IDisposable
{
    private const int TailLines = 40;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly ServerCommand _command;
    private readonly ProcessReaper _reaper;
    private readonly Func<string, bool> _intercept;
    private readonly Process _process;
    private readonly ConcurrentQueue<Line> _lines = new();
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isDisposed;

    /// <summary>Starts a process.</summary>
    /// <param name="command">How it is started.</param>
    /// <param name="reaper">Kills it when this process ends without having done so.</param>
    /// <param name="intercept">Is given each line first; a line for which it returns true is not kept.</param>
    public ServerProcess(ServerCommand command, ProcessReaper reaper, Func<string, bool>? intercept = null)
    {
        (_command, _reaper, _intercept) = (command, reaper, intercept ?? (_ => false));
        var start = new ProcessStartInfo("setsid", command.Command)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TMPDIR"] = command.Folder;
        foreach (var (name, value) in command.Environment)
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => Read(line.Data);
        _process.Exited += (_, _) =>
        {
            _ready.TrySetException(new InvalidOperationException($"{Name} has ended before it was ready.\n{Tail}"));
            _exited.TrySetResult();
        };
        if (command.Ready is null)
        {
            _ready.SetResult("");
        }

        _process.Start();
        Id = _process.Id;
        reaper.Watch(Id);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <inheritdoc cref="ServerCommand.Name"/>
    public string Name => _command.Name;

    public int Id { get; }

    public bool HasExited => _isDisposed || _process.HasExited;

    /// <summary>Completes when the process has ended.</summary>
    public Task Exited => _exited.Task;

    /// <summary>What it has printed, to either stream.</summary>
    public IReadOnlyCollection<Line> Lines => _lines;

    /// <summary>The last lines that it has printed.</summary>
    public string Tail => string.Join('\n', _lines.TakeLast(TailLines).Select(line => line.Text));

    /// <summary>What it reads.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>Waits for the line that says that it is ready.</summary>
    /// <exception cref="InvalidOperationException">It has ended.</exception>
    /// <exception cref="TimeoutException">It is not ready after two minutes.</exception>
    public Task<string> ReadyAsync(CancellationToken stop = default) => _ready.Task.WaitAsync(Limit, stop);

    /// <summary>Sends SIGKILL and waits for the end.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.WaitForExit();
    }

    /// <param name="name">The signal's name without SIG.</param>
    /// <exception cref="InvalidOperationException">There is no such process.</exception>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{Id}"]);
        kill.WaitForExit();
        if (kill.ExitCode != 0)
        {
            throw new InvalidOperationException($"SIG{name} could not be sent to {Name}.\n{Tail}");
        }
    }

    /// <summary>Waits for the end and returns the exit code.</summary>
    /// <exception cref="TimeoutException">It runs after two minutes.</exception>
    public async Task<int> ExitAsync(CancellationToken stop = default)
    {
        await _process.WaitForExitAsync(stop).WaitAsync(Limit, stop);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        Kill();
        _isDisposed = true;
        _reaper.Forget(Id);
        _process.Dispose();
    }

    private void Read(string? text)
    {
        if (text is null || _intercept(text))
        {
            return;
        }

        _lines.Enqueue(new(Stopwatch.GetTimestamp(), text));
        if (_lines.Count > _command.KeptLines)
        {
            _lines.TryDequeue(out _);
        }

        if (_command.Ready is { } ready && text.Contains(ready, StringComparison.Ordinal))
        {
            _ready.TrySetResult(text);
        }
    }

    /// <param name="At">When it was printed, by the clock of <see cref="Stopwatch"/>.</param>
    /// <param name="Text">The line without its end.</param>
    public sealed record Line(long At, string Text);
}
