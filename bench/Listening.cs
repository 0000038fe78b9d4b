using System.Collections.Concurrent;
using StackExchange.Redis;

namespace SyncCluster.Bench;

/// <summary>A way for a silo to hear of its finished jobs.</summary>
internal abstract class Listening(string name)
{
    private long _foreign;

    public string Name => name;

    /// <summary>Messages so far of jobs that nobody here waits for.</summary>
    public long Foreign => Interlocked.Read(ref _foreign);

    /// <summary>Once in the life of a silo.</summary>
    public virtual Task StartAsync() => Task.CompletedTask;

    /// <summary>Done as soon as the job may be released; the task in it, when the job's message has come.</summary>
    public abstract ValueTask<Task> HearAsync(string channel);

    /// <summary>The job's message has come.</summary>
    public virtual void Forget(string channel)
    {
    }

    public virtual Task StopAsync() => Task.CompletedTask;

    protected void CountForeign() => Interlocked.Increment(ref _foreign);
}

/// <summary>Hears nothing: what it costs to measure.</summary>
internal sealed class NotListening() : Listening("release alone")
{
    public override ValueTask<Task> HearAsync(string channel) => new(Task.CompletedTask);
}

internal sealed class ChannelPerJob(ISubscriber redis) : Listening("channel per job")
{
    public override async ValueTask<Task> HearAsync(string channel)
    {
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await redis.SubscribeAsync(RedisChannel.Literal(channel), (_, _) => heard.TrySetResult());
        return heard.Task;
    }

    public override void Forget(string channel) => _ = redis.UnsubscribeAsync(RedisChannel.Literal(channel), flags: CommandFlags.FireAndForget);
}

/// <param name="name">In the figures.</param>
/// <param name="redis">Where from.</param>
/// <param name="patterns">What all the jobs' channels match, each one of them.</param>
internal class Patterns(string name, ISubscriber redis, params string[] patterns) : Listening(name)
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiting = new();

    public override async Task StartAsync()
    {
        foreach (var pattern in patterns)
        {
            await SubscribeAsync(redis, RedisChannel.Pattern(pattern));
        }
    }

    public override ValueTask<Task> HearAsync(string channel)
    {
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[channel] = heard;
        return new(heard.Task);
    }

    public override async Task StopAsync()
    {
        foreach (var pattern in patterns)
        {
            await redis.UnsubscribeAsync(RedisChannel.Pattern(pattern));
        }
    }

    protected virtual Task SubscribeAsync(ISubscriber redis, RedisChannel pattern) => redis.SubscribeAsync(pattern, (channel, _) => Heard(channel));

    protected void Heard(RedisChannel channel)
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

/// <summary>One after the other, where a callback is a work item of the thread pool for each message.</summary>
internal sealed class QueuedPatterns(string name, ISubscriber redis, params string[] patterns) : Patterns(name, redis, patterns)
{
    protected override async Task SubscribeAsync(ISubscriber redis, RedisChannel pattern) =>
        (await redis.SubscribeAsync(pattern)).OnMessage(message => Heard(message.Channel));
}
