using System.Net;
using System.Net.Sockets;

namespace SyncCluster.Harness.Processes;

/// <summary>
/// The project's own nginx configuration, as a process, in front of two servers. A project that uses it has <c>nginx.conf</c> in its output folder.
/// </summary>
internal sealed class Balancer : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;
    private readonly ProcessReaper _reaper;
    private readonly ServerProcess _process;

    private Balancer(Uri first, Uri second, int requestsOfClient)
    {
        var port = FreePort.Next();
        Address = new Uri($"http://127.0.0.1:{port}");
        var configuration = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "nginx.conf"))
            .Replace("gateway1:6090", first.Authority, StringComparison.Ordinal)
            .Replace("gateway2:6090", second.Authority, StringComparison.Ordinal)
            .Replace("limit_conn clients 1000;", $"limit_conn clients {requestsOfClient};", StringComparison.Ordinal)
            .Replace("listen 8080;", $"listen 127.0.0.1:{port};", StringComparison.Ordinal);
        var path = Path.Combine(_folder, "nginx.conf");
        File.WriteAllText(path, configuration);

        if (!OperatingSystem.IsWindows())
        {
            // Where this process is root, nginx' workers are not: they have their folders in it.
            File.SetUnixFileMode(_folder, (UnixFileMode)0x1ED);
        }
        _reaper = new(_folder);
        _process = new(
            new() { Name = "nginx", Command = [InstalledPrograms.Find("nginx")!, "-p", _folder, "-c", path, "-g", "daemon off;"], Folder = _folder },
            _reaper);
    }

    public Uri Address { get; }

    public string Log => string.Join('\n', _process.Lines.Select(line => line.Text));

    /// <param name="first">A gateway.</param>
    /// <param name="second">Another one.</param>
    /// <param name="requestsOfClient">How many requests of one address may be under way.</param>
    /// <exception cref="InvalidOperationException">nginx has ended.</exception>
    public static async Task<Balancer> StartAsync(Uri first, Uri second, int requestsOfClient = 1000)
    {
        var balancer = new Balancer(first, second, requestsOfClient);
        await Eventually.TrueAsync(() => balancer._process.HasExited || balancer.Listens(), "nginx listens");
        return balancer._process.HasExited ? throw new InvalidOperationException(balancer.Log) : balancer;
    }

    /// <summary>Has nginx no room for bodies that are longer than its memory for one.</summary>
    public void LoseBodies()
    {
        Directory.Delete(Path.Combine(_folder, "body"), recursive: true);
        File.WriteAllText(Path.Combine(_folder, "body"), "");
    }

    public void Dispose()
    {
        _reaper.Dispose();
        _process.Dispose();
    }

    private bool Listens()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, Address.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
