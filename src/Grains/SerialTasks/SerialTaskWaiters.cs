using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SyncCluster.Execution.Local;
using SyncCluster.Tasks;

namespace SyncCluster.SerialTasks;

/// <summary>
/// The jobs on this silo that wait in the queues of their tasks; they occupy no worker. A job becomes the first by the reply to its entry, by a
/// message from the queue, or by the queue's reply to the report that is sent every few seconds.
/// </summary>
internal sealed partial class SerialTaskWaiters(
    IGrainFactory grains,
    ILocalSiloDetails silo,
    JobEnqueuer enqueuer,
    HeldJobs held,
    TimeProvider timeProvider,
    ILogger<SerialTaskWaiters> logger)
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, QueuedJob> _waiting = new();
    private volatile bool _isClosed;

    /// <summary>Adds the job to its task's queue. False: this is closed.</summary>
    public bool TryAdd(QueuedJob job)
    {
        _waiting[job.Key] = job;
        if (_isClosed)
        {
            return !_waiting.TryRemove(KeyValuePair.Create(job.Key, job));
        }

        // Not as a part of the grain call that releases the job.
        _ = Task.Run(() => ApplyReplyAsync(TaskOf(job), taskQueue => taskQueue.Enter(job.Spec.JobId, silo.SiloAddress), [job]));
        return true;
    }

    /// <summary>The job is the first in its task's queue: it may run now.</summary>
    /// <param name="key">Its <see cref="Jobs.JobKey"/>.</param>
    public void BecameFirst(string key) => MoveToQueue(key);

    /// <summary>Reports the waiting jobs to their queues every few seconds until it is canceled: a message may have been lost.</summary>
    public async Task ReportAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(ReportInterval, timeProvider);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                await Task.WhenAll(_waiting.Values.GroupBy(TaskOf).Select(ReportAsync));
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    /// <summary>Accepts no more jobs, and moves those that still wait to the silo's queue, from which a draining silo hands them over.</summary>
    public void Close()
    {
        _isClosed = true;
        foreach (var key in _waiting.Keys)
        {
            MoveToQueue(key);
        }
    }

    private static string TaskOf(QueuedJob job) => TaskKey.Of(job.Spec.Customer, job.Spec.TaskId);

    private Task ReportAsync(IGrouping<string, QueuedJob> jobs)
    {
        QueuedJob[] waiting = [.. jobs.OrderBy(job => job.Spec.CreatedAt)];
        return ApplyReplyAsync(jobs.Key, taskQueue => taskQueue.Wait([.. waiting.Select(job => job.Spec.JobId)], silo.SiloAddress), waiting);
    }

    /// <summary>Calls a queue and applies its reply to the jobs. After a failure the next report repeats it.</summary>
    private async Task ApplyReplyAsync(string task, Func<ITaskQueueGrain, Task<TaskQueueReply?>> call, QueuedJob[] jobs)
    {
        try
        {
            if (await call(grains.GetGrainByKey<ITaskQueueGrain>(task)) is not { } reply)
            {
                return;
            }

            foreach (var job in jobs)
            {
                if (job.Spec.JobId == reply.First)
                {
                    MoveToQueue(job.Key);
                }
                else if (reply.Ended.Contains(job.Spec.JobId) && _waiting.TryRemove(job.Key, out var ended))
                {
                    held.Remove(ended);
                }
            }
        }
        catch (Exception fault)
        {
            LogNoReply(fault, task);
        }
    }

    private void MoveToQueue(string key)
    {
        if (_waiting.TryRemove(key, out var job))
        {
            enqueuer.Enqueue(job);
        }
    }
}
