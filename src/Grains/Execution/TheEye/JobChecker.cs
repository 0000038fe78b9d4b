using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Jobs;

namespace SyncCluster.Execution.TheEye;

/// <summary>
/// Asks the supervisor about a monitored job, and acts on the answer: reports an end, has a job taken over that was not released, or plans the next
/// read.
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
    /// <summary>How many jobs are read at once without an end having been announced.</summary>
    private const int ReadsAtOnce = 16;

    private const string Deleted =
        "TheEye has deleted the job before its answer was read: of a task it keeps the newest 5 finished jobs only. "
        + "Turn the task's autoremove_completed_jobs off, or raise its limit.";

    /// <summary>How long a job is monitored that no grain asks for: longer than a task may run.</summary>
    private static readonly TimeSpan IdleLimit = TimeSpan.FromHours(7);

    /// <summary>A read that is to come after the settle time comes so much later.</summary>
    private static readonly TimeSpan SettleMargin = TimeSpan.FromMilliseconds(250);

    private readonly TheEyeOptions _options = options.Value;
    private readonly SemaphoreSlim _reads = new(ReadsAtOnce);

    /// <summary>The pause until the next read of a job of which Redis says nothing, with a fifth of jitter.</summary>
    public TimeSpan NewPollPause() => _options.PollInterval * (0.8 + (0.4 * Random.Shared.NextDouble()));

    /// <summary>Reads the job. True: it needs no more monitoring, since its end is stored, or no grain has asked for it for too long.</summary>
    /// <param name="job">The job.</param>
    /// <param name="endAnnounced">Whether Redis says that it has ended.</param>
    /// <param name="stop">Canceled when the silo stops.</param>
    /// <exception cref="OperationCanceledException">The silo stops.</exception>
    public async Task<bool> CheckAsync(MonitoredJob job, bool endAnnounced, CancellationToken stop)
    {
        var attempt = job.Attempt;
        var (readAt, reply) = await ReadAsync(job, endAnnounced, stop);
        switch (reply)
        {
            case TheEyeReply.Ok ok when ok.ToJob() is { } seen && seen.Id == job.Spec.JobId:
                if (seen.End is { } end)
                {
                    return await ReportAsync(job, JobOutcome.Of(end.Lifecycle, end.State, ok.Body), stop);
                }

                if (seen.IsSyncing && job.Spec.Origin == JobOrigin.AllocatedAtTheEye)
                {
                    return await CheckUnreleasedAsync(job, attempt, readAt, stop);
                }

                job.GoesOn(endAnnounced, NewPollPause());
                return job.Unasked > IdleLimit;
            case TheEyeReply.Refused { Status: 404 }:
                return await ReportAsync(job, JobOutcome.Lost(Deleted), stop);
            case TheEyeReply.Failed { Fault: TheEyeFault.TooLarge }:
                return await ReportAsync(job, JobOutcome.Lost("The job's document is larger than this server takes (TheEye:DocumentLimit)."), stop);
            case TheEyeReply.Refused refused:
                LogNotRead(job.Spec.JobId, refused.Status);
                job.LookIn(NewPollPause());
                return job.Unasked > IdleLimit;
            default:
                job.LookSoon();
                return job.Unasked > IdleLimit;
        }
    }

    private async Task<(long ReadAt, TheEyeReply Reply)> ReadAsync(MonitoredJob job, bool endAnnounced, CancellationToken stop)
    {
        if (endAnnounced)
        {
            // Callers wait for this answer.
            return await ReadAsync(job, stop);
        }

        await _reads.WaitAsync(stop);
        try
        {
            return await ReadAsync(job, stop);
        }
        finally
        {
            _reads.Release();
        }
    }

    private async Task<(long ReadAt, TheEyeReply Reply)> ReadAsync(MonitoredJob job, CancellationToken stop) =>
        (timeProvider.GetTimestamp(), await supervisor.ReadAsync(job, stop));

    /// <summary>Has a job taken over that provably was not released. True: it never will be, and is canceled at TheEye as well.</summary>
    private async Task<bool> CheckUnreleasedAsync(MonitoredJob job, Guid attempt, long readAt, CancellationToken stop)
    {
        if (job.IsSyncing(attempt, readAt, _options.SettleTime) is { } settling)
        {
            var pause = NewPollPause();
            job.LookIn(settling < pause ? settling + SettleMargin : pause);
            return false;
        }

        job.LookSoon();
        try
        {
            // The grain asks its executor what is to become of the job, and takes it over; unless it has an end, or no record any more.
            return await grains.GetJob(job.Key).Attach(null, Reading.Fresh) is JobReply.Finished or JobReply.NotFound
                && await supervisor.EndAsync(job, stop) is not TheEyeReply.Failed;
        }
        catch (Exception fault) when (!stop.IsCancellationRequested)
        {
            LogAskedInVain(fault, job.Spec.JobId);
            return false;
        }
    }

    private async Task<bool> ReportAsync(MonitoredJob job, JobOutcome outcome, CancellationToken stop)
    {
        await reporter.ReportAsync(job, outcome, stop);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} can't be read with any token at hand: TheEye says {Status}.")]
    private partial void LogNotRead(string job, int status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job}: a call to its grain failed and will be repeated.")]
    private partial void LogAskedInVain(Exception fault, string job);
}
