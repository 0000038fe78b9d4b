using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace SyncCluster.Execution.TheEye;

/// <summary>
/// Listens to TheEye's Redis, which announces that a job has ended. One subscription to the pattern of all jobs serves a silo with any number of
/// jobs. It stands long before a job is released. It costs a quarter of one channel per job (<c>bench subscriptions</c>), unless nearly all messages
/// are about jobs of other systems. Messages that are published while the subscription is interrupted are lost, and the supervisor has to be asked.
/// </summary>
internal sealed partial class CompletionListener(IOptions<TheEyeOptions> options, TimeProvider timeProvider, ILogger<CompletionListener> logger)
    : IAsyncDisposable
{
    private static readonly RedisChannel Pattern = RedisChannel.Pattern("*:job-finished:*");
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopped = new();
    private readonly SemaphoreSlim _repair = new(1, 1);
    private Task _work = Task.CompletedTask;
    private volatile bool _isOpen;

    /// <summary>Whether the subscription stands: every message that is published now arrives.</summary>
    public bool IsOpen => _isOpen;

    /// <summary>Listens until this is disposed of.</summary>
    /// <param name="finished">Called with the id of each job that has ended, of any customer.</param>
    /// <param name="opened">Called whenever the subscription stands again: earlier messages may be lost.</param>
    public void Open(Action<string> finished, Action opened) => _work = Task.Run(() => ListenAsync(finished, opened));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_stopped.IsCancellationRequested)
        {
            await _stopped.CancelAsync();
            await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stopped.Dispose();
            _repair.Dispose();
        }
    }

    /// <summary>
    /// Reads a connection string; null if it is none. A Redis that is not there at the start is waited for, whatever the string says.
    /// </summary>
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
        var connection = Read(options.Value.Redis)!;
        await using var redis = await ConnectionMultiplexer.ConnectAsync(connection);
        redis.ConnectionFailed += (_, _) => _isOpen = false;
        redis.ConnectionRestored += (_, _) => Repair();
        var subscriber = redis.GetSubscriber();
        LogLevel? logged = null;
        while (true)
        {
            await _repair.WaitAsync(_stopped.Token);
            var fault = await SubscribeAsync(subscriber, finished);
            if (_isOpen)
            {
                logged = null;
                LogSubscribed();
                opened();
                continue;
            }

            var refusal = RedisRefusal.FindAsync(connection, "TheEye:Redis");
            await Task.WhenAll(refusal, Task.Delay(RetryPause, timeProvider, _stopped.Token));
            var reason = await refusal ?? fault?.Message ?? "The connection is lost.";
            var level = await refusal is null && fault is not RedisServerException ? LogLevel.Warning : LogLevel.Error;

            // Once for each outage, and once more if it turns out that Redis refuses the server, where waiting does not help.
            if (logged is null || level > logged)
            {
                LogNotSubscribed(level, reason);
                logged = level;
            }

            Repair();
        }
    }

    /// <returns>Why it could not subscribe; null if it could.</returns>
    private async Task<Exception?> SubscribeAsync(ISubscriber subscriber, Action<string> finished)
    {
        try
        {
            // Not left to the library's own reconnect: when this returns, Redis has confirmed the subscription.
            await subscriber.UnsubscribeAsync(Pattern);
            (await subscriber.SubscribeAsync(Pattern)).OnMessage(message => OnMessage(message.Channel, finished));
            _isOpen = subscriber.IsConnected(Pattern);
            return null;
        }
        catch (Exception fault)
        {
            _isOpen = false;
            return fault;
        }
    }

    private void Repair()
    {
        try
        {
            _repair.Release();
        }
        catch (Exception fault) when (fault is SemaphoreFullException or ObjectDisposedException)
        {
            // A repair is pending, or this is disposed of.
        }
    }

    private static void OnMessage(RedisChannel channel, Action<string> finished)
    {
        var name = (string)channel!;
        finished(name[(name.LastIndexOf(':') + 1)..]);
    }
}
