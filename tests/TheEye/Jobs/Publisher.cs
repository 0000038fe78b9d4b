using System.Text.Json;
using StackExchange.Redis;
using SyncCluster.TheEye.Faults;
using SyncCluster.TheEye.Http;

namespace SyncCluster.TheEye.Jobs;

/// <summary>Publishes the ends of jobs on Redis. A message without a subscriber is lost, as in TheEye.</summary>
internal sealed class Publisher(
    IConnectionMultiplexer? redis, FaultPlan faults, Counters counters, Changes changes, TimeProvider time, CancellationToken stopping)
{
    private readonly ISubscriber? _subscriber = redis?.GetSubscriber();

    public void Publish(Job job, JobEnd end)
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
                Time = time,
            };
            _ = planned.Fault.PlayAsync(publication);
            return;
        }

        Send(job, end);
    }

    private void Send(Job job, JobEnd end)
    {
        if (_subscriber is null)
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
