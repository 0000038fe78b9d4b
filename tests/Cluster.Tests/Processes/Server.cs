using System.Text.RegularExpressions;

namespace SyncCluster.Cluster.Tests.Processes;

/// <summary>A silo or a gateway of the cluster, over all the processes that it was.</summary>
internal sealed partial class Server(string name, string program, string[] settings) : IDisposable
{
    private readonly List<ServerProcess> _past = [];
    private ServerProcess? _process;

    public string Name => name;

    public ServerProcess Process => _process!;

    public bool IsFrozen { get; private set; }

    /// <summary>Whether it has started and takes calls.</summary>
    public bool IsUp { get; private set; }

    /// <summary>Connects to the process that runs now; as many connections as there are calls, and no limit on how long one waits.</summary>
    public HttpClient Http { get; private set; } = new();

    /// <summary>What a silo is called in the membership.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The processes that were killed, or were frozen until the others gave them up.</summary>
    public HashSet<int> Killed { get; } = [];

    /// <summary>What it has printed in all its lives.</summary>
    public IEnumerable<ServerProcess.Line> Lines => _past.Append(Process).SelectMany(process => process.Lines);

    public async Task StartAsync()
    {
        if (_process is not null)
        {
            _process.Dispose();
            _past.Add(_process);
        }

        IsFrozen = IsUp = false;
        _process = new("dotnet", [Path.Combine(AppContext.BaseDirectory, program), "--urls=http://127.0.0.1:0", .. settings]);
        var ready = await _process.LineAsync(" is ready");
        Address = ready.Split(' ')[2];
        Http = new(new SocketsHttpHandler { AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(Url().Match(ready).Value),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        IsUp = true;
    }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        Killed.Add(Process.Id);
        IsUp = false;
        Process.Kill();
    }

    /// <summary>SIGTERM; the stop takes its time.</summary>
    public void Stop() => Process.Signal("TERM");

    /// <summary>SIGSTOP. It counts as killed: the others will give it up.</summary>
    public void Freeze()
    {
        Killed.Add(Process.Id);
        IsFrozen = true;
        Process.Signal("STOP");
    }

    public void Thaw()
    {
        IsFrozen = false;
        Process.Signal("CONT");
    }

    public void Dispose()
    {
        _process?.Dispose();
        Http.Dispose();
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Url();
}
