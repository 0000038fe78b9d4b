using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using SyncCluster.Bench.Children;

namespace SyncCluster.Bench;

/// <summary>Redis, a silo, a gateway or what they are measured with, the leader of a process group of its own.</summary>
internal sealed partial class Server : IDisposable
{
    private const int Kept = 40;
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(5);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly Channel<string> _answers = Channel.CreateUnbounded<string>();
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<Server> _again;

    /// <param name="name">In the figures.</param>
    /// <param name="ready">What it prints when it is ready.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="folder">Where it may leave files.</param>
    public Server(string name, string ready, string[] command, string folder)
    {
        Name = name;
        _again = () => new(name, ready, command, folder);
        var start = new ProcessStartInfo("setsid", command)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TMPDIR"] = folder;
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Read(line.Data, ready);
        _process.ErrorDataReceived += (_, line) => Read(line.Data, ready);
        _process.Exited += (_, _) =>
        {
            var early = new InvalidOperationException($"The {name} ended early.\n{Tail}");
            _ready.TrySetException(early);
            _answers.Writer.TryComplete(early);
        };
        _process.Start();
        Id = _process.Id;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Name { get; }

    public int Id { get; }

    /// <summary>Where it listens, by what it said of itself.</summary>
    public Uri? Address { get; private set; }

    /// <summary>What it reads.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>What it has printed last.</summary>
    public string Tail => string.Join('\n', _lines);

    public bool HasEnded => _process.HasExited;

    /// <summary>A process of the same command.</summary>
    public Server Again() => _again();

    /// <summary>SIGKILL, and the end of it.</summary>
    public Task KillAsync(CancellationToken stop)
    {
        _process.Kill();
        return EndAsync(stop);
    }

    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{Id}"]);
        await kill.WaitForExitAsync();
    }

    public async Task ReadyAsync(CancellationToken stop)
    {
        var line = await _ready.Task.WaitAsync(StartLimit, stop);
        Address = Url().Match(line) is { Success: true } url ? new Uri(url.Value) : null;
    }

    /// <summary>Tells a child of the benchmark to do something, and has its answer.</summary>
    /// <exception cref="InvalidOperationException">It has ended.</exception>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    public async Task<string> AskAsync(string command, CancellationToken stop)
    {
        await Input.WriteAsync(Encoding.ASCII.GetBytes(command + "\n"), stop);
        await Input.FlushAsync(stop);
        return await _answers.Reader.ReadAsync(stop).AsTask().WaitAsync(AnswerLimit, stop);
    }

    public Task EndAsync(CancellationToken stop) => _process.WaitForExitAsync(stop);

    public void Dispose() => _process.Dispose();

    private void Read(string? line, string ready)
    {
        if (line is null)
        {
            return;
        }

        if (line.StartsWith(Child.Answer, StringComparison.Ordinal))
        {
            _answers.Writer.TryWrite(line[Child.Answer.Length..]);
            return;
        }

        _lines.Enqueue(line);
        if (_lines.Count > Kept)
        {
            _lines.TryDequeue(out _);
        }

        if (line.Contains(ready, StringComparison.Ordinal))
        {
            _ready.TrySetResult(line);
        }
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Url();
}
