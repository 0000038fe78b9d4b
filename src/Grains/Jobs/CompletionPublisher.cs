using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace SyncCluster.Jobs;

/// <summary>
/// Tells gateways of this silo's jobs that have ended. What ends while a message to a gateway is under way goes with the next one, so that a message
/// and its acknowledgement serve many jobs where many end, and one is not kept waiting where few do.
/// </summary>
internal sealed partial class CompletionPublisher(CompletionRelay relay, TimeProvider timeProvider, ILogger<CompletionPublisher> logger)
{
    /// <summary>Jobs in one message.</summary>
    private const int MostJobs = 128;

    /// <summary>Bytes of documents in one message, beside those of its last job.</summary>
    private const int MostBytes = 256 << 10;

    private const int Tries = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>A message that takes longer keeps no others: it, or its answer, may be lost.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    /// <summary>A gateway that has not heard by then asks for the job itself.</summary>
    private static readonly TimeSpan PatienceWithAll = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<IJobObserver, Outbox> _lanes = new();
    private int _untold;

    /// <summary>Tells a gateway of a job's end. Completes when it has heard, or was told in vain three times.</summary>
    public Task PublishAsync(IJobObserver gateway, FinishedJob job)
    {
        var push = new PendingCompletion(job);
        Interlocked.Increment(ref _untold);
        while (true)
        {
            var lane = _lanes.GetOrAdd(gateway, static _ => new());
            if (!lane.TryAdd(push, out var isIdle))
            {
                continue;
            }

            if (isIdle)
            {
                _ = RunAsync(gateway, lane);
            }

            return push.Told.Task;
        }
    }

    /// <summary>
    /// Waits, no longer than 5 s, until gateways have heard of all ends, or were told in vain. For a silo that stops: what it has not said by the time
    /// that its grains leave, it can't say any more.
    /// </summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Tick, timeProvider);
        for (var start = timeProvider.GetTimestamp();
             Volatile.Read(ref _untold) > 0 && timeProvider.GetElapsedTime(start) < PatienceWithAll && !cancellationToken.IsCancellationRequested;)
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task RunAsync(IJobObserver gateway, Outbox lane)
    {
        while (lane.Next() is { Count: > 0 } pushes)
        {
            await SendAsync(gateway, pushes).WaitAsync(Patience, timeProvider).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _lanes.TryRemove(KeyValuePair.Create(gateway, lane));
    }

    private async Task SendAsync(IJobObserver gateway, List<PendingCompletion> pushes)
    {
        if (await TryAsync(gateway, pushes, 1))
        {
            pushes.ForEach(Told);
            return;
        }

        // Each by itself: one may be what the gateway fails at, or it is of a version that knows no other way.
        await Task.WhenAll(pushes.Select(async push =>
        {
            for (var tries = 2; tries <= Tries; tries++)
            {
                await Task.Delay(Pause * (tries - 1), timeProvider);
                if (await TryAsync(gateway, [push], tries))
                {
                    break;
                }
            }

            Told(push);
        }));
    }

    private void Told(PendingCompletion push)
    {
        Interlocked.Decrement(ref _untold);
        push.Told.SetResult();
    }

    private async Task<bool> TryAsync(IJobObserver gateway, List<PendingCompletion> pushes, int tries)
    {
        try
        {
            FinishedJob[] jobs = [.. pushes.Select(push => push.Job)];
            await (relay.Find() is { } other ? other.AllCompleted(gateway, jobs) : jobs is [var one] ? gateway.Completed(one) : gateway.AllCompleted(jobs));
            return true;
        }
        catch (Exception fault)
        {
            LogPushFailed(fault, pushes[0].Job.Key, pushes.Count - 1, tries);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Pushing the end of {Job} and of {Others} others to a gateway failed, push {Tries}.")]
    private partial void LogPushFailed(Exception fault, string job, int others, int tries);

    private sealed record PendingCompletion(FinishedJob Job)
    {
        public TaskCompletionSource Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>What one gateway is still to be told. It is in use until it was empty once.</summary>
    private sealed class Outbox
    {
        private readonly Queue<PendingCompletion> _pushes = new();
        private bool _isRunning;
        private bool _isOver;

        /// <summary>False: it is not in use any more.</summary>
        /// <param name="push">What is to be told.</param>
        /// <param name="isIdle">Whether somebody must begin to tell it.</param>
        public bool TryAdd(PendingCompletion push, out bool isIdle)
        {
            lock (_pushes)
            {
                isIdle = !_isRunning && !_isOver;
                if (_isOver)
                {
                    return false;
                }

                _isRunning = true;
                _pushes.Enqueue(push);
                return true;
            }
        }

        /// <summary>What goes with the next message; empty when there is nothing left.</summary>
        public List<PendingCompletion> Next()
        {
            lock (_pushes)
            {
                var next = new List<PendingCompletion>(Math.Min(_pushes.Count, MostJobs));
                for (var bytes = 0; next.Count < MostJobs && bytes < MostBytes && _pushes.TryDequeue(out var push); bytes += push.Job.Document.Length)
                {
                    next.Add(push);
                }

                _isOver = next.Count == 0;
                return next;
            }
        }
    }
}
