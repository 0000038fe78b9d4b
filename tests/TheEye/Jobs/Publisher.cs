using System.Text.Json;
using StackExchange.Redis;
using SyncCluster.TheEye.Faults;
using SyncCluster.TheEye.Http;

namespace SyncCluster.TheEye.Jobs;

/// <summary>
/// Publishes the ends of jobs on Redis. The gateway does that, another process than the supervisor, which has saved the end before: the job can be
/// read, and deleted, before its message is there. A message is lost if the gateway is away, or if there is no subscriber.
/// </summary>
internal sealed class Publisher(
    IConnectionMultiplexer? redis, TheEyeOptions options, FaultPlan faults, Counters counters, Changes changes, CancellationToken stopping)
{
    private readonly ISubscriber? _subscriber = redis?.GetSubscriber();

    /// <summary>Whether the gateway is there.</summary>
    public bool IsUp { get; set; } = true;

    /// <summary>Begins to publish the end of a job, which is saved.</summary>
    public void Publish(Job job, JobEnd end) => _ = PublishLaterAsync(job, end);

    private async Task PublishLaterAsync(Job job, JobEnd end)
    {
        var delay = options.MessageDelay?.Invoke() ?? TimeSpan.Zero;
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, options.Time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (!stopping.IsCancellationRequested)
        {
            Take(job, end);
        }
    }

    private void Take(Job job, JobEnd end)
    {
        if (faults.Take(Step.Publish, job.Id) is { } planned)
        {
            var publication = new Publication(
                () =>
                {
                    Send(job, end);
                    return Task.FromResult(Answer.Ok);
                },
                stopping)
            {
                Released = planned.Released,
                Time = options.Time,
            };
            _ = planned.Fault.PlayAsync(publication);
            return;
        }

        Send(job, end);
    }

    private void Send(Job job, JobEnd end)
    {
        if (_subscriber is null || !IsUp)
        {
            return;
        }

        var channel = RedisChannel.Literal($"{job.Owner.Customer.Id}:job-finished:{job.Id}");
        var state = JsonEncodedText.Encode(end.State);
        var message = $$"""{"job_id":"{{job.Id}}","lifecycle":"{{end.Lifecycle}}","state":"{{state}}"}""";
        _subscriber.Publish(channel, message, CommandFlags.FireAndForget);
        counters.Add(CountedAction.Publish);
        changes.Signal();
    }
}
