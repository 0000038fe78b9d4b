using System.Collections.Concurrent;
using System.Diagnostics;

namespace SyncCluster.Cluster.Tests.Processes;

/// <summary>A process and what it has printed. Disposed of, it is dead.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<Line> _lines = new();

    public ServerProcess(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };

        // Six of them share this machine: the server's garbage collector would take a heap a core for each.
        start.Environment["DOTNET_gcServer"] = "0";
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Add(line.Data);
        _process.ErrorDataReceived += (_, line) => Add(line.Data);
        _process.Start();
        Id = _process.Id;
        ProcessReaper.Watch(Id);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Id { get; }

    public bool HasExited => _process.HasExited;

    public IReadOnlyCollection<Line> Lines => _lines;

    /// <summary>Waits for a line with this text in it.</summary>
    public async Task<string> LineAsync(string text)
    {
        Line? found = null;
        await Until.TrueAsync(() => (found = _lines.FirstOrDefault(line => line.Text.Contains(text, StringComparison.Ordinal))) is not null || HasExited, $"`{text}` is printed");
        return found?.Text ?? throw new InvalidOperationException($"The server ended early:\n{Tail(40)}");
    }

    /// <summary>The last lines.</summary>
    public string Tail(int lines) => string.Join('\n', _lines.TakeLast(lines).Select(line => line.Text));

    /// <summary>SIGKILL, and the end of it.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.WaitForExit();
    }

    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{Id}"]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        return _process.ExitCode;
    }

    public void Dispose()
    {
        Kill();
        ProcessReaper.Forget(Id);
        _process.Dispose();
    }

    private void Add(string? text)
    {
        if (text is not null)
        {
            _lines.Enqueue(new(Stopwatch.GetTimestamp(), text));
        }
    }

    /// <param name="At">When it was printed, by the clock of <see cref="Stopwatch"/>.</param>
    /// <param name="Text">Without its end.</param>
    internal sealed record Line(long At, string Text);
}
