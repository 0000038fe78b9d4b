using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>A server in a gateway's place, behind a balancer: it answers everything with 200, or cuts off what has <c>cut</c> in its path.</summary>
internal sealed class StandInGateway : IAsyncDisposable
{
    private readonly WebApplication _server;

    private StandInGateway(WebApplication server) => _server = server;

    public Uri Address => new(_server.Urls.Single());

    /// <summary>The headers of the requests that have arrived.</summary>
    public ConcurrentQueue<Dictionary<string, string>> Requests { get; } = [];

    public static async Task<StandInGateway> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        var gateway = new StandInGateway(builder.Build());
        gateway._server.Run(gateway.AnswerAsync);
        await gateway._server.StartAsync();
        return gateway;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        Requests.Enqueue(http.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString()));
        if (http.Request.Path.Value!.Contains("cut", StringComparison.Ordinal))
        {
            http.Abort();
            return;
        }

        await http.Request.Body.CopyToAsync(Stream.Null);
        await http.Response.WriteAsync("answered");
    }
}

/// <summary>An address that neither takes nor refuses a connection, as that of a machine that is gone.</summary>
internal sealed class SilentAddress : IDisposable
{
    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _first = new(SocketType.Stream, ProtocolType.Tcp);

    public SilentAddress()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        // There is room for one connection that nobody accepts; requests for more are dropped.
        _listener.Listen(0);
        _first.Connect(_listener.LocalEndPoint!);
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}");
    }

    public Uri Address { get; }

    public void Dispose()
    {
        _first.Dispose();
        _listener.Dispose();
    }
}
