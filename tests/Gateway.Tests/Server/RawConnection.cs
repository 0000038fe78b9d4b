using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>A connection whose client sends what it likes, and reads when it likes.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };

    private RawConnection()
    {
    }

    /// <summary>Whether the server has neither sent anything that is unread nor closed the connection.</summary>
    public bool IsSilent => !_socket.Poll(0, SelectMode.SelectRead);

    /// <summary>Connects. The server may close the connection at once.</summary>
    public static async Task<RawConnection> OpenAsync(Uri server)
    {
        var connection = new RawConnection();
        try
        {
            await connection._socket.ConnectAsync(IPAddress.Loopback, server.Port);
        }
        catch (SocketException closed) when (closed.SocketErrorCode == SocketError.ConnectionReset)
        {
            // So does the next read find it.
        }

        return connection;
    }

    /// <summary>Sends a text of ASCII.</summary>
    public async Task SendAsync(string text) => await _socket.SendAsync(Encoding.ASCII.GetBytes(text));

    /// <summary>Sends a request without a body and returns the status of its answer, whose body is skipped.</summary>
    public async Task<int> GetAsync(string path)
    {
        await SendAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        var (status, _) = await ReadAnswerAsync();
        return status;
    }

    /// <summary>Reads an answer that has a Content-Length.</summary>
    /// <exception cref="IOException">The server has closed the connection.</exception>
    public async Task<(int Status, string Body)> ReadAnswerAsync()
    {
        var head = await ReadHeadAsync();
        var length = head.Split("\r\n").Single(line => line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase))["Content-Length: ".Length..];
        return (StatusOf(head), await ReadAsync(int.Parse(length, null)));
    }

    /// <summary>Reads the status line and the headers of an answer.</summary>
    /// <exception cref="IOException">The server has closed the connection.</exception>
    public async Task<string> ReadHeadAsync()
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append(await ReadAsync(1));
        }

        return head.ToString();
    }

    /// <summary>The status of an answer that begins so.</summary>
    public static int StatusOf(string head) => int.Parse(head.AsSpan("HTTP/1.1 ".Length, 3), null);

    /// <summary>Whether the server has sent what this client's and its own system take, and sends no more for a fifth of a second.</summary>
    public async Task<bool> IsFullAsync()
    {
        var before = Unsent();
        await Task.Delay(TimeSpan.FromMilliseconds(200));
        return before > 0 && before == Unsent();
    }

    /// <summary>Waits until the server has closed the connection, whatever it sends before.</summary>
    /// <exception cref="OperationCanceledException">It is open after a minute.</exception>
    public async Task ClosedAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            var buffer = new byte[4096];
            while (await _socket.ReceiveAsync(buffer, limit.Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // It was reset.
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>The bytes that the server's system has yet to send to this client.</summary>
    private long Unsent()
    {
        var (client, server) = ((IPEndPoint)_socket.LocalEndPoint!, (IPEndPoint)_socket.RemoteEndPoint!);
        var row = File.ReadLines("/proc/net/tcp").Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .FirstOrDefault(row => row[1].EndsWith($":{server.Port:X4}", StringComparison.Ordinal)
                && row[2].EndsWith($":{client.Port:X4}", StringComparison.Ordinal));

        // The system leaves rows out while other connections come and go.
        return row is null ? 0 : Convert.ToInt64(row[4].Split(':')[0], 16);
    }

    private async Task<string> ReadAsync(int bytes)
    {
        using var limit = new CancellationTokenSource(Limit);
        var buffer = new byte[bytes];
        for (var read = 0; read < bytes;)
        {
            var more = await ReceiveAsync(buffer.AsMemory(read), limit.Token);
            read += more > 0 ? more : throw new IOException("The server has closed the connection.");
        }

        return Encoding.UTF8.GetString(buffer);
    }

    private async Task<int> ReceiveAsync(Memory<byte> buffer, CancellationToken limit)
    {
        try
        {
            return await _socket.ReceiveAsync(buffer, limit);
        }
        catch (SocketException reset)
        {
            throw new IOException("The server has closed the connection.", reset);
        }
    }
}
