using System.Text.RegularExpressions;

namespace SyncCluster.Harness.Processes;

/// <summary>A silo, a gateway or another server, through all the processes that it has been.</summary>
public partial class Server(ServerCommand command, ProcessReaper reaper) : IAsyncDisposable
{
    private readonly List<ServerProcess> _past = [];
    private ServerProcess? _process;
    private HttpClient? _http;

    /// <inheritdoc cref="ServerCommand.Name"/>
    public string Name => command.Name;

    /// <summary>The process that runs now, or the one that ran last.</summary>
    public ServerProcess Process => _process ?? throw new InvalidOperationException($"{Name} has not been started.");

    public bool IsFrozen { get; private set; }

    /// <summary>Whether it has started and takes calls.</summary>
    public bool IsUp { get; private set; }

    /// <summary>Where it listens for HTTP, by what it has printed; null where it does not.</summary>
    public Uri? Address { get; private set; }

    /// <summary>A silo's address in the cluster's membership.</summary>
    public string SiloAddress { get; private set; } = "";

    /// <summary>Connects to the process that runs now, with a connection for each call and no limit on how long one takes.</summary>
    public HttpClient Http => _http ?? throw new InvalidOperationException($"{Name} has no HTTP address.");

    /// <summary>The ids of its processes that were killed, or frozen until the others declared them dead.</summary>
    public HashSet<int> KilledProcesses { get; } = [];

    /// <summary>What all its processes have printed.</summary>
    public IEnumerable<ServerProcess.Line> Lines => _past.Append(Process).SelectMany(process => process.Lines);

    /// <summary>Starts a process, in place of the former one, and waits until it is ready.</summary>
    /// <exception cref="InvalidOperationException">The process has ended before it was ready.</exception>
    public virtual async Task StartAsync(CancellationToken stop = default)
    {
        if (_process is not null)
        {
            _process.Dispose();
            _past.Add(_process);
        }

        IsFrozen = IsUp = false;
        _process = new(command, reaper, TryIntercept);
        var ready = await _process.ReadyAsync(stop);
        SiloAddress = Silo().Match(ready) is { Success: true } silo ? silo.Groups[1].Value : "";
        Address = Url().Match(ready) is { Success: true } url ? new Uri(url.Value) : null;
        _http = Address is null ? null : new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
        {
            BaseAddress = Address,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        IsUp = true;
    }

    /// <summary>Sends SIGKILL and waits for the end.</summary>
    public void Kill()
    {
        KilledProcesses.Add(Process.Id);
        IsUp = false;
        Process.Kill();
    }

    /// <summary>Sends SIGTERM and does not wait for the end.</summary>
    public void Terminate() => Process.Signal("TERM");

    /// <summary>Sends SIGTERM, waits for the end and returns the exit code.</summary>
    public Task<int> StopAsync()
    {
        Terminate();
        return Process.ExitAsync();
    }

    /// <summary>Sends SIGSTOP. The process counts as killed: the others may declare it dead.</summary>
    public void Freeze()
    {
        KilledProcesses.Add(Process.Id);
        IsFrozen = true;
        Process.Signal("STOP");
    }

    /// <summary>Sends SIGCONT.</summary>
    public void Thaw()
    {
        IsFrozen = false;
        Process.Signal("CONT");
    }

    public virtual ValueTask DisposeAsync()
    {
        _process?.Dispose();
        _http?.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>Is given each line that the server prints; a line for which it returns true is not kept.</summary>
    protected virtual bool TryIntercept(string line) => false;

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Url();

    [GeneratedRegex(@"^The silo (\S+) is ready")]
    private static partial Regex Silo();
}
