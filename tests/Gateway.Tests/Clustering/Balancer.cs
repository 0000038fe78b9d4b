using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>A test that needs nginx.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NginxFactAttribute : FactAttribute
{
    public NginxFactAttribute()
    {
        if (Balancer.Program is null)
        {
            Skip = "nginx is not installed: apt-get install nginx-light";
        }
    }
}

/// <summary>The project's own nginx configuration, as a process, in front of two servers.</summary>
internal sealed class Balancer : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;
    private readonly StringBuilder _log = new();
    private readonly Process _process;

    private Balancer(Uri first, Uri second)
    {
        var port = FreePort.Or(0);
        Address = new Uri($"http://127.0.0.1:{port}");
        var configuration = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "nginx.conf"))
            .Replace("gateway1:6090", first.Authority, StringComparison.Ordinal)
            .Replace("gateway2:6090", second.Authority, StringComparison.Ordinal)
            .Replace("listen 8080;", $"listen 127.0.0.1:{port};", StringComparison.Ordinal);
        var path = Path.Combine(_folder, "nginx.conf");
        File.WriteAllText(path, configuration);
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(Program!, ["-p", _folder, "-c", path, "-g", "daemon off;"]) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        _process.OutputDataReceived += Note;
        _process.ErrorDataReceived += Note;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public static string? Program { get; } = new[] { "/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx" }.FirstOrDefault(File.Exists);

    public Uri Address { get; }

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    public static async Task<Balancer> StartAsync(Uri first, Uri second)
    {
        var balancer = new Balancer(first, second);
        await Server.TestServer.UntilAsync(() => balancer._process.HasExited || balancer.Listens());
        Assert.False(balancer._process.HasExited, balancer.Log);
        return balancer;
    }

    public void Dispose()
    {
        // Its workers go with it.
        using (Process.Start("kill", ["-TERM", $"{_process.Id}"]))
        {
            _process.WaitForExit();
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
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

    private void Note(object sender, DataReceivedEventArgs line)
    {
        lock (_log)
        {
            _log.AppendLine(line.Data);
        }
    }
}
