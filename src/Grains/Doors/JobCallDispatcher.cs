using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;

namespace SyncCluster.Doors;

/// <summary>Makes the calls that come through a silo's door, and keeps the answers that are late.</summary>
internal sealed partial class JobCallDispatcher(IGrainFactory grains, TimeProvider timeProvider, ILogger<JobCallDispatcher> logger)
{
    /// <summary>
    /// How long the answers of a message wait for each other. On a busy machine most take more than 10 ms, and each further reply costs a message, and
    /// a timer that wakes two threads. The caller sends its next message after that time in any case.
    /// </summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a caller waits for a late answer before it asks again.</summary>
    private static readonly TimeSpan RestTime = TimeSpan.FromSeconds(1);

    /// <summary>Longer than a call of a grain may take: after it no gateway asks for these answers.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Guid, JobCallBatch> _late = new();

    /// <inheritdoc cref="IJobDoor.Take"/>
    public async Task<DoorReply> TakeAsync(JobCall[] calls)
    {
        var batch = new JobCallBatch(calls.Length);
        for (var index = 0; index < calls.Length; index++)
        {
            _ = AnswerAsync(batch, index, calls[index]);
        }

        await batch.AllAnswered.WaitAsync(Grace, timeProvider).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var reply = batch.Take();
        if (reply.Rest is { } rest)
        {
            _late[rest] = batch;
            _ = ForgetAsync(rest);
        }

        return reply;
    }

    /// <inheritdoc cref="IJobDoor.Rest"/>
    public async Task<DoorReply> RestAsync(Guid rest)
    {
        if (!_late.TryGetValue(rest, out var batch))
        {
            throw new OrleansException($"There are no answers {rest}.");
        }

        await batch.AnyAnsweredAsync().WaitAsync(RestTime, timeProvider).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var reply = batch.Take();
        if (reply.Rest is null)
        {
            _late.TryRemove(rest, out _);
        }

        return reply;
    }

    private async Task AnswerAsync(JobCallBatch batch, int index, JobCall call)
    {
        try
        {
            var job = grains.GetJob(call.Key);
            batch.Add(call switch
            {
                JobCall.Submit submit => new CallAnswer.Replied(index, await submit.ToAsync(job).ConfigureAwait(false)),
                JobCall.Attach attach => new CallAnswer.Replied(index, await job.Attach(attach.Subscription, attach.Reading).ConfigureAwait(false)),
                JobCall.Complete complete => new CallAnswer.Completed(
                    index, await job.Complete(complete.Run, complete.Outcome).ConfigureAwait(false)),
                _ => new CallAnswer.Failed(index),
            });
        }
        catch (Exception fault)
        {
            LogCallFailed(fault, call.Key);
            batch.Add(new CallAnswer.Failed(index));
        }
    }

    private async Task ForgetAsync(Guid rest)
    {
        await Task.Delay(Memory, timeProvider).ConfigureAwait(false);
        _late.TryRemove(rest, out _);
    }
}
