using System.Globalization;
using System.Text;
using StackExchange.Redis;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench;

/// <summary>Publishes the messages of finished jobs, of this silo and of others, from processes of their own: those of redis-cli.</summary>
internal sealed class Publisher
{
    private const string Drained = "drained";
    private const int Processes = 4;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly BenchCluster _cluster;
    private readonly ServerProcess _pipe;
    private readonly Lock _lock = new();
    private TaskCompletionSource _drained = new();

    private Publisher(BenchCluster cluster)
    {
        _cluster = cluster;
        _pipe = cluster.Start("publisher", "redis-cli", "-p", $"{cluster.Redis.Port}", "--pipe");
    }

    public static async Task<Publisher> StartAsync(BenchCluster cluster, ISubscriber redis)
    {
        var publisher = new Publisher(cluster);
        await redis.SubscribeAsync(RedisChannel.Literal(Drained), (_, _) => publisher._drained.TrySetResult());
        return publisher;
    }

    /// <summary>A command for <see cref="Write"/>.</summary>
    public static byte[] Publish(string channel, string payload) => Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"*3\r\n$7\r\nPUBLISH\r\n${channel.Length}\r\n{channel}\r\n${payload.Length}\r\n{payload}\r\n"));

    public void Write(byte[] commands)
    {
        lock (_lock)
        {
            _pipe.Input.Write(commands);
            _pipe.Input.Flush();
        }
    }

    /// <summary>Waits until Redis has executed everything that was written.</summary>
    public async Task DrainAsync(CancellationToken stop)
    {
        _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Write(Publish(Drained, ""));
        await _drained.Task.WaitAsync(Limit, stop);
    }

    /// <summary>Publishes messages of other silos' jobs from four processes; each waits a millisecond and a round trip between two messages.</summary>
    public async Task TrickleAsync(string channel, int payload, int count, CancellationToken stop)
    {
        var script = $"for process in $(seq {Processes}); do redis-cli -p {_cluster.Redis.Port} -r {count / Processes} -i 0.001 PUBLISH {channel} $0 & done >/dev/null; wait";
        using var shell = _cluster.Start("others' publisher", "sh", "-c", script, Payload(payload));
        await shell.ExitAsync(stop);
    }

    public static string Payload(int length) => new('x', length);
}
