using System.Text.Json;
using StackExchange.Redis;
using SyncCluster.TheEye.Faults;
using SyncCluster.TheEye.Http;

namespace SyncCluster.TheEye.Jobs;

/// <summary>Tells on Redis that jobs have ended; a message nobody has subscribed to is lost, as there.</summary>
internal sealed class Publisher(
    IConnectionMultiplexer? redis, FaultPlan faults, Counters counters, Changes changes, TimeProvider time, CancellationToken stopping)
{
    private readonly ISubscriber? _subscriber = redis?.GetSubscriber();

    public void Publish(Job job, JobEnd end)
    {
        if (faults.Take(Step.Publish, job.Id) is { } spoiled)
        {
            var publication = new Publication(
                () =>
                {
                    Send(job, end);
                    return Task.FromResult(Answer.Ok);
                },
                stopping)
            {
                Released = spoiled.Released,
                Time = time,
            };
            _ = spoiled.Fault.PlayAsync(publication);
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
        counters.Add(Deed.Publish);
        changes.Signal();
    }
}
