using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Jobs;
using SyncCluster.Telemetry;

namespace SyncCluster.Execution.TheEye;

/// <summary>
/// Asks the supervisor about a monitored job and acts on the answer: reports its end, has it taken over if it was not released, or plans the next
/// check.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore has no wait handle. A read that ends after the silo has stopped releases it.")]
internal sealed partial class JobChecker(
    SupervisorRequests supervisor,
    CompletionReporter reporter,
    IGrainFactory grains,
    IOptions<TheEyeOptions> options,
    TimeProvider timeProvider,
    ILogger<JobChecker> logger)
{
    /// <summary>How many jobs are read at once whose end was not announced.</summary>
    private const int ReadsAtOnce = 16;

    private const string Deleted =
        "TheEye has deleted the job before its answer was read: of a task it keeps only the newest jobs, 5 by default. "
        + "Turn the task's autoremove_completed_jobs off, or raise its limit.";

    /// <summary>How long a job is monitored if no grain asks for it: longer than a task may run.</summary>
    private static readonly TimeSpan IdleLimit = TimeSpan.FromHours(7);

    /// <summary>Added to the settle time, so that the read surely comes after it.</summary>
    private static readonly TimeSpan SettleMargin = TimeSpan.FromMilliseconds(250);

    private readonly TheEyeOptions _options = options.Value;
    private readonly SemaphoreSlim _reads = new(ReadsAtOnce);

    /// <summary>The pause before the next read if Redis announces nothing, with jitter of a fifth.</summary>
    public TimeSpan NewPollPause() => _options.PollInterval * (0.8 + (0.4 * Random.Shared.NextDouble()));

    /// <summary>Reads the job. True: it needs no more monitoring, because its end is stored or no grain has asked for it for too long.</summary>
    /// <param name="job">The job.</param>
    /// <param name="endAnnounced">Whether Redis announces that the job has ended.</param>
    /// <param name="stop">Canceled when the silo stops.</param>
    /// <exception cref="OperationCanceledException">The silo stops.</exception>
    public async Task<bool> CheckAsync(MonitoredJob job, bool endAnnounced, CancellationToken stop)
    {
        using var span = ServerTraces.StartToPropagate("check job", job.Spec);
        var attempt = job.Attempt;
        var (readAt, reply) = await ReadAsync(job, endAnnounced, stop);
        JobOutcome outcome;
        switch (reply)
        {
            case TheEyeReply.Ok ok when ok.ToJob() is { } seen && seen.Id == job.Spec.JobId:
                if (seen.End is { } end)
                {
                    LogEnded(job.Spec.JobId, end.Lifecycle, end.State);
                    outcome = JobOutcome.Of(end.Lifecycle, end.State, ok.Body);
                    break;
                }

                if (seen.IsSyncing && job.Spec.Origin == JobOrigin.AllocatedAtTheEye)
                {
                    return await CheckUnreleasedAsync(job, attempt, readAt, stop);
                }

                job.ObserveRunning(endAnnounced, NewPollPause());
                return job.IdleTime > IdleLimit;
            case TheEyeReply.Refused { Status: 404 }:
                outcome = JobOutcome.Lost(Deleted);
                break;
            case TheEyeReply.Failed { Fault: TheEyeFault.TooLarge }:
                outcome = JobOutcome.Lost("The job's document is larger than this server takes (TheEye:DocumentLimit).");
                break;
            case TheEyeReply.Refused refused:
                LogNotRead(job.Spec.JobId, refused.Status);
                job.CheckAfter(NewPollPause());
                return job.IdleTime > IdleLimit;
            default:
                job.CheckSoon();
                return job.IdleTime > IdleLimit;
        }

        await reporter.ReportAsync(job, outcome, stop);
        return true;
    }

    private async Task<(long ReadAt, TheEyeReply Reply)> ReadAsync(MonitoredJob job, bool endAnnounced, CancellationToken stop)
    {
        // Callers wait for the answer that was announced: such reads are not limited.
        if (!endAnnounced)
        {
            await _reads.WaitAsync(stop);
        }

        try
        {
            var readAt = timeProvider.GetTimestamp();
            return (readAt, await supervisor.ReadAsync(job, stop));
        }
        finally
        {
            if (!endAnnounced)
            {
                _reads.Release();
            }
        }
    }

    /// <summary>
    /// Has a job taken over that was provably not released. True: its record has ended or is gone, and it is canceled at TheEye too.
    /// </summary>
    private async Task<bool> CheckUnreleasedAsync(MonitoredJob job, Guid attempt, long readAt, CancellationToken stop)
    {
        if (job.ObserveUnreleased(attempt, readAt, _options.SettleTime) is { } settling)
        {
            var pause = NewPollPause();
            job.CheckAfter(settling < pause ? settling + SettleMargin : pause);
            return false;
        }

        LogNotReleased(job.Spec.JobId, attempt);
        job.CheckSoon();
        try
        {
            // The grain asks its executor about the job, and takes it over, unless its record has ended or is gone. If the grain has moved, the executor
            // that it asks may be less far.
            var grain = grains.GetJob(job.Key);
            var reply = await grain.Attach(null, Reading.Fresh);
            reply = reply is JobReply.Pending ? await grain.NotReleased(attempt) : reply;
            return reply is JobReply.Finished or JobReply.NotFound
                && await supervisor.EndAsync(job, stop) is not TheEyeReply.Failed;
        }
        catch (Exception fault) when (!stop.IsCancellationRequested)
        {
            LogCallFailed(fault, job.Spec.JobId);
            return false;
        }
    }
}
