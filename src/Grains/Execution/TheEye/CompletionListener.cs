using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace SyncCluster.Execution.TheEye;

/// <summary>
/// TheEye's word that a job has ended, over its Redis. One subscription to the pattern of all jobs serves a silo, whatever the number of its jobs:
/// it stands long before a job is released, and costs a quarter of what a channel a job would (<c>bench subscriptions</c>), as long as not nearly all
/// messages are of others' jobs. What is published while it does not stand is lost, and has to be asked for.
/// </summary>
internal sealed partial class CompletionListener(IOptions<TheEyeOptions> options, TimeProvider timeProvider, ILogger<CompletionListener> logger) : IAsyncDisposable
{
    private static readonly RedisChannel Pattern = RedisChannel.Pattern("*:job-finished:*");
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopped = new();
    private readonly SemaphoreSlim _broken = new(1, 1);
    private Task _work = Task.CompletedTask;
    private volatile bool _isOpen;

    /// <summary>Whether every message that is published now arrives.</summary>
    public bool IsOpen => _isOpen;

    /// <summary>Listens until it is disposed of.</summary>
    /// <param name="finished">Told the id of each job that has ended, of whichever customer.</param>
    /// <param name="opened">Told whenever the subscription stands again: what was published before may not have arrived.</param>
    public void Open(Action<string> finished, Action opened) => _work = Task.Run(() => ListenAsync(finished, opened));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_stopped.IsCancellationRequested)
        {
            await _stopped.CancelAsync();
            await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stopped.Dispose();
            _broken.Dispose();
        }
    }

    /// <summary>How a connection string is read; null where it is none. A Redis that is away at the start is waited for, whatever it says.</summary>
    public static ConfigurationOptions? Read(string redis)
    {
        var read = RedisConnectionString.Read(redis);
        if (read is not null)
        {
            read.AbortOnConnectFail = false;
        }

        return read;
    }

    private async Task ListenAsync(Action<string> finished, Action opened)
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync(Read(options.Value.Redis)!);
        redis.ConnectionFailed += (_, _) => _isOpen = false;
        redis.ConnectionRestored += (_, _) => Repair();
        var subscriber = redis.GetSubscriber();
        while (true)
        {
            await _broken.WaitAsync(_stopped.Token);
            try
            {
                // Anew, and not only by the library itself: when this returns, Redis has confirmed it.
                await subscriber.UnsubscribeAsync(Pattern);
                (await subscriber.SubscribeAsync(Pattern)).OnMessage(message => Hear(message.Channel, finished));
                _isOpen = subscriber.IsConnected(Pattern);
            }
            catch (Exception fault)
            {
                LogClosed(fault.Message);
                _isOpen = false;
            }

            if (_isOpen)
            {
                opened();
            }
            else
            {
                await Task.Delay(Pause, timeProvider, _stopped.Token);
                Repair();
            }
        }
    }

    private void Repair()
    {
        try
        {
            _broken.Release();
        }
        catch (Exception fault) when (fault is SemaphoreFullException or ObjectDisposedException)
        {
            // It is going to be repaired already, or never again.
        }
    }

    private static void Hear(RedisChannel channel, Action<string> finished)
    {
        var name = (string)channel!;
        finished(name[(name.LastIndexOf(':') + 1)..]);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "TheEye's Redis can't be listened to, the supervisor is asked for each job instead: {Fault}")]
    private partial void LogClosed(string fault);
}
