using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using SyncCluster.Scripts;
using SyncCluster.Telemetry;

namespace SyncCluster.Jobs;

/// <summary>
/// Sends the completions of this silo's jobs to gateways. Completions that arrive while a message to a gateway is in flight are sent in the next one:
/// under load a message and its acknowledgement serve many jobs, and a single completion is sent at once.
/// </summary>
internal sealed partial class CompletionPublisher(
    CompletionRelay relay, ServerMetrics metrics, TimeProvider timeProvider, ILogger<CompletionPublisher> logger)
{
    /// <summary>Jobs in one message.</summary>
    private const int MaxJobs = 128;

    /// <summary>Bytes of documents in one message, without those of its last job.</summary>
    private const int MaxBytes = 256 << 10;

    private const int Tries = 3;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>A message that takes longer does not delay the next one: it may be lost, or its acknowledgement.</summary>
    private static readonly TimeSpan MaxDelayOfNext = TimeSpan.FromMilliseconds(100);

    /// <summary>A gateway that has not acknowledged a completion by then attaches to the job again.</summary>
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(5);

    /// <summary>A shorter wait is not added to a completion's age.</summary>
    private static readonly TimeSpan Noticeable = TimeSpan.FromMilliseconds(1);

    private static readonly TimeSpan DrainTick = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<IJobObserver, Outbox> _outboxes = new();
    private int _pendingCount;

    /// <summary>Sends a completion to a gateway. Completes when the gateway has acknowledged it, or three tries have failed.</summary>
    public Task PublishAsync(IJobObserver gateway, FinishedJob job)
    {
        var completion = new PendingCompletion(job, timeProvider.GetTimestamp(), ServerTraces.Recorded?.Context ?? default);
        Interlocked.Increment(ref _pendingCount);
        while (true)
        {
            var outbox = _outboxes.GetOrAdd(gateway, static _ => new());
            switch (outbox.Add(completion))
            {
                case AddResult.StartSending:
                    DetachedWork.Start(() => SendAllAsync(gateway, outbox));
                    return completion.Settled.Task;
                case AddResult.Queued:
                    return completion.Settled.Task;
            }
        }
    }

    /// <summary>
    /// Waits until all completions are acknowledged or have failed, but no longer than 5 s. For a silo that stops: once its grains are gone it can't
    /// send them any more.
    /// </summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(DrainTick, timeProvider);
        for (var start = timeProvider.GetTimestamp();
             Volatile.Read(ref _pendingCount) > 0 && timeProvider.GetElapsedTime(start) < DrainLimit && !cancellationToken.IsCancellationRequested;)
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task SendAllAsync(IJobObserver gateway, Outbox outbox)
    {
        while (outbox.TakeOrClose() is { Count: > 0 } completions)
        {
            await SendAsync(gateway, completions).WaitAsync(MaxDelayOfNext, timeProvider).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _outboxes.TryRemove(KeyValuePair.Create(gateway, outbox));
    }

    private async Task SendAsync(IJobObserver gateway, List<PendingCompletion> completions)
    {
        if (await TrySendAsync(gateway, completions, 1).ConfigureAwait(false))
        {
            completions.ForEach(completion => Settle(completion, isSent: true));
            return;
        }

        // One by one: the gateway may fail at one of them, or be of a version that does not know AllCompleted.
        await Task.WhenAll(completions.Select(async completion =>
        {
            var isSent = false;
            for (var tries = 2; tries <= Tries && !isSent; tries++)
            {
                await Task.Delay(RetryDelay * (tries - 1), timeProvider).ConfigureAwait(false);
                isSent = await TrySendAsync(gateway, [completion], tries).ConfigureAwait(false);
            }

            Settle(completion, isSent);
        })).ConfigureAwait(false);
    }

    private void Settle(PendingCompletion completion, bool isSent)
    {
        ServerTraces.Add("push completion", completion.Parent, timeProvider.GetElapsedTime(completion.Since), !isSent);
        Interlocked.Decrement(ref _pendingCount);
        completion.Settled.SetResult();
    }

    private async Task<bool> TrySendAsync(IJobObserver gateway, List<PendingCompletion> completions, int tries)
    {
        try
        {
            FinishedJob[] jobs = [.. completions.Select(ToSend)];
            var sent = relay.Find() is { } otherSilo ? otherSilo.AllCompleted(gateway, jobs)
                : jobs is [var job] ? gateway.Completed(job)
                : gateway.AllCompleted(jobs);

            // The messages are of all jobs, and not of the one whose grain has sent the first: they do not take turns with what that grain does.
            await sent.ConfigureAwait(false);
            return true;
        }
        catch (Exception fault)
        {
            metrics.PushFailed();
            LogPushFailed(fault, completions[0].Job.Key, completions.Count - 1, tries);
            return false;
        }
    }

    /// <summary>The job, which may have waited here for an earlier message, or for a repeat.</summary>
    private FinishedJob ToSend(PendingCompletion completion)
    {
        var waited = timeProvider.GetElapsedTime(completion.Since);
        return waited < Noticeable ? completion.Job : completion.Job with { Age = completion.Job.Age + waited };
    }

    /// <param name="Job">The job.</param>
    /// <param name="Since">The timestamp at which it came here.</param>
    /// <param name="Parent">The span that sends it, of its own trace and not of the message's; none if that is not recorded.</param>
    private sealed record PendingCompletion(FinishedJob Job, long Since, ActivityContext Parent)
    {
        /// <summary>
        /// Completes when the gateway has acknowledged the completion, or all tries have failed. What follows continues on the same thread, and must be
        /// short: it has the job's grain deactivated, or lets the next handover begin.
        /// </summary>
        public TaskCompletionSource Settled { get; } = new();
    }

    private enum AddResult
    {
        /// <summary>Another call sends it.</summary>
        Queued,

        /// <summary>The outbox was idle: the caller sends its content.</summary>
        StartSending,

        /// <summary>The outbox is no longer used: take a new one.</summary>
        Closed,
    }

    /// <summary>The completions that are still to be sent to one gateway. It closes as soon as it is empty.</summary>
    private sealed class Outbox
    {
        private readonly Queue<PendingCompletion> _completions = new();
        private bool _isSending;
        private bool _isClosed;

        public AddResult Add(PendingCompletion completion)
        {
            lock (_completions)
            {
                if (_isClosed)
                {
                    return AddResult.Closed;
                }

                _completions.Enqueue(completion);
                if (_isSending)
                {
                    return AddResult.Queued;
                }

                _isSending = true;
                return AddResult.StartSending;
            }
        }

        /// <summary>The content of the next message; empty, and the outbox closed, if nothing is left.</summary>
        public List<PendingCompletion> TakeOrClose()
        {
            lock (_completions)
            {
                var next = new List<PendingCompletion>(Math.Min(_completions.Count, MaxJobs));
                for (var bytes = 0; next.Count < MaxJobs && bytes < MaxBytes && _completions.TryDequeue(out var completion);)
                {
                    next.Add(completion);
                    bytes += completion.Job.Document.Length;
                }

                _isClosed = next.Count == 0;
                return next;
            }
        }
    }
}
