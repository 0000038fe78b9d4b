using System.Net;
using System.Net.Sockets;
using System.Text;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Limits;

/// <summary>A request that announces a body and never sends it.</summary>
internal static class Bodiless
{
    /// <summary>The answer's first line.</summary>
    public static async Task<string> PostAsync(TestServer server, string path, string? token)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Http.BaseAddress!.Port);
        var stream = socket.GetStream();
        var authorization = token is null ? "" : $"Authorization: Bearer {token}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"));
        using var reader = new StreamReader(stream);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await reader.ReadLineAsync(limit.Token) ?? "";
    }
}
