using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SyncCluster.Execution.Local;

/// <summary>The workers of this silo. Each takes one job after another from a queue and runs it, until the silo drains.</summary>
internal sealed partial class JobWorkers(
    JobQueues queues,
    HeldJobs held,
    JobRunner runner,
    QueueHandover handover,
    IOptions<LocalExecutorOptions> options,
    ILogger<JobWorkers> logger)
{
    /// <summary>Runs jobs until the silo drains. Completes when the last job of each worker has ended.</summary>
    /// <param name="drain">Canceled when no more jobs may start.</param>
    /// <param name="kill">Canceled when running scripts must be killed.</param>
    public Task RunAsync(CancellationToken drain, CancellationToken kill) =>
        Task.WhenAll(
            from queue in queues.All
            from worker in Enumerable.Range(0, options.Value.Concurrency)
            select WorkAsync(queue, drain, kill));

    private async Task WorkAsync(FairJobScheduler queue, CancellationToken drain, CancellationToken kill)
    {
        await Task.Yield();
        try
        {
            while (await queue.TakeAsync(drain) is { } job)
            {
                try
                {
                    await runner.RunAsync(job, drain, kill);
                }
                catch (OperationCanceledException)
                {
                    await handover.HandOverAsync(job);
                }
                catch (Exception fault)
                {
                    LogFailed(fault, job.Spec.JobId);
                }
                finally
                {
                    queue.Ended(job);
                    held.Remove(job);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The silo drains.
        }
    }
}
