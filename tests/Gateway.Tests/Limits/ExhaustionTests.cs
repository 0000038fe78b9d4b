using System.Globalization;
using System.Net;
using System.Net.Sockets;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Gateway.Tests.Limits;

/// <summary>
/// A server, as a process, and more idle connections than it may have open files. <c>SYNCCLUSTER_OPEN_FILES=16000</c> does it with so many of both, and
/// keeps them open for a minute; this process needs more.
/// </summary>
public sealed class ExhaustionTests : IDisposable
{
    private const string Variable = "SYNCCLUSTER_OPEN_FILES";

    private static readonly int OpenFiles = int.Parse(Environment.GetEnvironmentVariable(Variable) ?? "1000", CultureInfo.InvariantCulture);

    private static readonly TimeSpan Hold = Environment.GetEnvironmentVariable(Variable) is null ? TimeSpan.Zero : TimeSpan.FromMinutes(1);

    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;
    private readonly ProcessReaper _reaper;

    public ExhaustionTests() => _reaper = new(_folder);

    [Fact]
    public async Task More_idle_connections_than_open_files_do_not_keep_a_server_from_its_work()
    {
        await using var server = await StartAsync();
        using var accepted = await RawConnection.OpenAsync(server.Address!);
        Assert.Equal(200, await accepted.GetAsync("/health/ready"));

        var idle = new List<RawConnection>();
        for (var opened = 0; opened < OpenFiles; opened++)
        {
            idle.Add(await RawConnection.OpenAsync(server.Address!));
        }

        // All have been accepted, or closed: the last one is.
        await idle[^1].ClosedAsync();
        Assert.Contains(idle, connection => connection.IsSilent);
        await Task.Delay(Hold);

        // It may never have answered an error before, nor run a script: both take files.
        Assert.Equal(503, await accepted.GetAsync("/health/ready"));
        await accepted.SendAsync("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n");
        var (status, body) = await accepted.ReadAnswerAsync();
        Assert.Equal(404, status);
        Assert.Contains("There is nothing at this path.", body, StringComparison.Ordinal);
        Assert.Equal((200, """["hello world"]"""), await CallAsync(accepted));
        Assert.False(server.Process.HasExited);
        await Eventually.TrueAsync(() => Warnings().Length > 0, "the operator is told");
        Assert.Single(Warnings());

        idle.ForEach(connection => connection.Dispose());
        await Eventually.TrueAsync(async () => await accepted.GetAsync("/health/ready") == 200, "the server is ready again");
        await Eventually.TrueAsync(() => AnswersAnotherAsync(server.Address!), "new connections are answered");
        Assert.Equal(0, await server.StopAsync());

        string[] Warnings() =>
            [.. server.Lines.Select(line => line.Text).Where(line => line.Contains("New connections are closed", StringComparison.Ordinal))];
    }

    /// <summary>They come faster than connections can be closed elsewhere than where they are accepted.</summary>
    [Fact]
    public async Task A_flood_of_connections_does_not_end_a_server()
    {
        await using var server = await StartAsync();
        using var accepted = await RawConnection.OpenAsync(server.Address!);
        Assert.Equal(200, await accepted.GetAsync("/health/ready"));
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Factory.StartNew(
            () => Flood(server.Address!, connections: 20_000, open: Math.Min(OpenFiles, 5_000)), TaskCreationOptions.LongRunning)));
        Assert.Equal((200, """["hello world"]"""), await CallAsync(accepted));
        await Eventually.TrueAsync(() => AnswersAnotherAsync(server.Address!), "new connections are answered");
        Assert.False(server.Process.HasExited);
    }

    /// <summary>One that can't be loaded for want of files would not be loaded ever.</summary>
    [Fact]
    public async Task A_server_that_is_ready_has_loaded_what_its_first_errors_and_calls_take()
    {
        await using var server = await StartAsync();
        var loaded = LoadedLibraries(server.Process.Id);
        Assert.NotEmpty(loaded);
        using var connection = await RawConnection.OpenAsync(server.Address!);
        Assert.Equal(200, await connection.GetAsync("/health/ready"));
        Assert.Equal(404, await connection.GetAsync("/nowhere"));
        Assert.Equal(401, await connection.GetAsync("/demo/task?access_token=unknown"));
        Assert.Equal(404, await connection.GetAsync($"/demo/job/eb0166d31d0c56015d131f8f/result?access_token={DemoMode.UserToken}"));
        Assert.Equal((200, """["hello world"]"""), await CallAsync(connection));
        Assert.Empty(LoadedLibraries(server.Process.Id).Except(loaded));
    }

    public void Dispose() => _reaper.Dispose();

    private static HashSet<string> LoadedLibraries(int process) =>
    [
        .. from line in File.ReadLines($"/proc/{process}/maps")
           let path = line.IndexOf('/', StringComparison.Ordinal)
           where path >= 0 && line.EndsWith(".dll", StringComparison.Ordinal)
           select line[path..],
    ];

    /// <summary>A server that may have few open files.</summary>
    private async Task<Harness.Processes.Server> StartAsync()
    {
        var server = new Harness.Processes.Server(
            new()
            {
                Name = "gateway",
                Command = ["sh", "-c", $"ulimit -n {OpenFiles} && exec \"$@\"", "sh", .. ServerPrograms.Gateway, ServerPrograms.AnyPort],
                Ready = ServerPrograms.Ready,
                Folder = _folder,
            },
            _reaper);
        await server.StartAsync();
        return server;
    }

    /// <summary>Opens connections without waiting for any.</summary>
    /// <param name="server">Where.</param>
    /// <param name="connections">How many.</param>
    /// <param name="open">How many of them at once.</param>
    private static void Flood(Uri server, int connections, int open)
    {
        var sockets = new Queue<Socket>();
        for (var connection = 0; connection < connections; connection++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            sockets.Enqueue(socket);
            try
            {
                socket.Connect(IPAddress.Loopback, server.Port);
            }
            catch (SocketException)
            {
                // It goes on by itself.
            }

            if (sockets.Count > open)
            {
                sockets.Dequeue().Dispose();
            }
        }

        foreach (var socket in sockets)
        {
            socket.Dispose();
        }
    }

    private static async Task<bool> AnswersAnotherAsync(Uri server)
    {
        using var another = await RawConnection.OpenAsync(server);
        try
        {
            return await CallAsync(another) is (200, """["hello world"]""");
        }
        catch (Exception closed) when (closed is IOException or SocketException)
        {
            return false;
        }
    }

    private static async Task<(int Status, string Body)> CallAsync(RawConnection connection)
    {
        await connection.SendAsync(
            $"POST /demo/task/hello/job?access_token={DemoMode.UserToken} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n[\"world\"]");
        return await connection.ReadAnswerAsync();
    }
}
