using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SyncCluster.Execution.Local;

/// <summary>The workers of this silo. Each runs one job of the queue after another until the silo drains.</summary>
internal sealed partial class JobWorkers(
    FairJobScheduler queue,
    HeldJobs held,
    JobRunner runner,
    QueueHandover handover,
    IOptions<LocalExecutorOptions> options,
    ILogger<JobWorkers> logger)
{
    /// <summary>Completes when all workers have ended their last job after the drain has begun.</summary>
    /// <param name="drain">Canceled when no job is to be begun any more.</param>
    /// <param name="kill">Canceled when scripts that run are to be ended.</param>
    public Task RunAsync(CancellationToken drain, CancellationToken kill) =>
        Task.WhenAll(Enumerable.Range(0, options.Value.Concurrency).Select(_ => WorkAsync(drain, kill)));

    private async Task WorkAsync(CancellationToken drain, CancellationToken kill)
    {
        await Task.Yield();
        try
        {
            while (await queue.NextAsync(drain) is { } job)
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
                    LogRunFailed(fault, job.Spec.JobId);
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

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Job}: its run failed in the runner.")]
    private partial void LogRunFailed(Exception fault, string job);
}
