using System.Globalization;
using System.Text;
using StackExchange.Redis;

namespace SyncCluster.Bench;

/// <summary>Says in processes of its own, redis-cli's, that jobs have finished: this silo's and others'.</summary>
internal sealed class Publisher
{
    private const string Drained = "drained";
    private const int Ways = 4;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly Servers _servers;
    private readonly Server _pipe;
    private readonly Lock _pen = new();
    private TaskCompletionSource _drained = new();

    private Publisher(Servers servers)
    {
        _servers = servers;
        _pipe = servers.Start("publisher", " ", ["redis-cli", "-p", servers.RedisPort, "--pipe"]);
    }

    public static async Task<Publisher> StartAsync(Servers servers, ISubscriber redis)
    {
        var publisher = new Publisher(servers);
        await redis.SubscribeAsync(RedisChannel.Literal(Drained), (_, _) => publisher._drained.TrySetResult());
        return publisher;
    }

    /// <summary>For <see cref="Write"/>.</summary>
    public static byte[] Publish(string channel, string payload) => Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"*3\r\n$7\r\nPUBLISH\r\n${channel.Length}\r\n{channel}\r\n${payload.Length}\r\n{payload}\r\n"));

    public void Write(byte[] commands)
    {
        lock (_pen)
        {
            _pipe.Input.Write(commands);
            _pipe.Input.Flush();
        }
    }

    /// <summary>Until Redis has done with what was released.</summary>
    public async Task DrainAsync(CancellationToken stop)
    {
        _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Write(Publish(Drained, ""));
        await _drained.Task.WaitAsync(Limit, stop);
    }

    /// <summary>Others' messages, each a millisecond and a round trip after the one before, four at a time.</summary>
    public async Task TrickleAsync(string channel, int payload, int count, CancellationToken stop)
    {
        var script = $"for way in $(seq {Ways}); do redis-cli -p {_servers.RedisPort} -r {count / Ways} -i 0.001 PUBLISH {channel} $0 & done >/dev/null; wait";
        using var shell = _servers.Start("others' publisher", " ", ["sh", "-c", script, Payload(payload)]);
        await shell.EndAsync(stop);
    }

    public static string Payload(int length) => new('x', length);
}
