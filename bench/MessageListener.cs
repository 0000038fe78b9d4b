using System.Collections.Concurrent;
using StackExchange.Redis;

namespace SyncCluster.Bench;

/// <summary>A way for a silo to get the messages of its finished jobs.</summary>
internal abstract class MessageListener(string name)
{
    private long _foreign;

    public string Name => name;

    /// <summary>How many messages have come of jobs that this silo does not wait for.</summary>
    public long Foreign => Interlocked.Read(ref _foreign);

    /// <summary>What a silo does once, at its start.</summary>
    public virtual Task StartAsync() => Task.CompletedTask;

    /// <summary>Completes as soon as the job may be released. The inner task completes with the message of the job.</summary>
    public abstract ValueTask<Task> ListenAsync(string channel);

    /// <summary>Is called when the message of the job has come.</summary>
    public virtual void Forget(string channel)
    {
    }

    public virtual Task StopAsync() => Task.CompletedTask;

    protected void CountForeign() => Interlocked.Increment(ref _foreign);
}

/// <summary>Listens to nothing, which gives the cost of the measurement itself.</summary>
internal sealed class NoListener() : MessageListener("release alone")
{
    public override ValueTask<Task> ListenAsync(string channel) => new(Task.CompletedTask);
}

/// <summary>Subscribes to a channel for each job.</summary>
internal sealed class ChannelPerJob(ISubscriber redis) : MessageListener("channel per job")
{
    public override async ValueTask<Task> ListenAsync(string channel)
    {
        var received = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await redis.SubscribeAsync(RedisChannel.Literal(channel), (_, _) => received.TrySetResult());
        return received.Task;
    }

    public override void Forget(string channel) => _ = redis.UnsubscribeAsync(RedisChannel.Literal(channel), flags: CommandFlags.FireAndForget);
}

/// <summary>Subscribes to patterns once, and finds the job of each message in a dictionary.</summary>
/// <param name="name">The name in the figures.</param>
/// <param name="redis">The connection.</param>
/// <param name="patterns">The patterns; the channel of every job matches one of them.</param>
internal class Patterns(string name, ISubscriber redis, params string[] patterns) : MessageListener(name)
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiting = new();

    public override async Task StartAsync()
    {
        foreach (var pattern in patterns)
        {
            await SubscribeAsync(redis, RedisChannel.Pattern(pattern));
        }
    }

    public override ValueTask<Task> ListenAsync(string channel)
    {
        var received = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[channel] = received;
        return new(received.Task);
    }

    public override async Task StopAsync()
    {
        foreach (var pattern in patterns)
        {
            await redis.UnsubscribeAsync(RedisChannel.Pattern(pattern));
        }
    }

    protected virtual Task SubscribeAsync(ISubscriber redis, RedisChannel pattern) => redis.SubscribeAsync(pattern, (channel, _) => Receive(channel));

    protected void Receive(RedisChannel channel)
    {
        if (_waiting.TryRemove((string)channel!, out var job))
        {
            job.TrySetResult();
        }
        else
        {
            CountForeign();
        }
    }
}

/// <summary>Takes messages one after the other from a queue; a callback would be a work item of the thread pool for each.</summary>
internal sealed class QueuedPatterns(string name, ISubscriber redis, params string[] patterns) : Patterns(name, redis, patterns)
{
    protected override async Task SubscribeAsync(ISubscriber redis, RedisChannel pattern) =>
        (await redis.SubscribeAsync(pattern)).OnMessage(message => Receive(message.Channel));
}
