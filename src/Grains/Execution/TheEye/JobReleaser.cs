using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;
using SyncCluster.Telemetry;

namespace SyncCluster.Execution.TheEye;

/// <summary>
/// Releases jobs at the supervisor, at most once per attempt.
/// <para>
/// The supervisor's <c>synced</c> is not atomic: two requests at once may run a job twice. An attempt sends it only within <see cref="Window"/> after
/// the write of its record was begun, and never again after an answer that leaves open whether the request has arrived. After such an answer, and
/// after the death of a silo, the silo that monitors the job asks the supervisor. If a job is still <c>syncing</c> in two reads, both after the
/// attempt was seen to stand in storage, and further apart than its request may be under way, then the job's grain takes it over: a new attempt, won
/// by compare-and-swap, may send <c>synced</c> once. If two silos do this at once, one of them wins. All silos that have monitored the job go on with
/// that when it moves to another silo, and the first one that knows tells the grain: a job need not wait anew whenever silos join.
/// </para>
/// <para>
/// One risk remains: a process that is frozen between its last check of the clock and the sending, for longer than
/// <see cref="TheEyeOptions.SettleTime"/>.
/// </para>
/// </summary>
internal sealed partial class JobReleaser(
    SupervisorRequests supervisor, CompletionReporter reporter, TimeProvider timeProvider, ILogger<JobReleaser> logger)
{
    /// <summary>The maximal age of an attempt's record when its release is sent.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How many releases that may have arrived are sent for a job which stays <c>syncing</c>: the supervisor may answer one with 400 or 500, or not at
    /// all, and never change the job.
    /// </summary>
    private const int MaxFailedReleases = 2;

    private static readonly TimeSpan PendingCheck = TimeSpan.FromMilliseconds(250);
    private static readonly TheEyeReply.Failed NotSent = new(TheEyeFault.Unreachable);

    private int _pending;

    /// <summary>Gives a job the right to be released. The loop that monitors the job calls <see cref="ReleaseAsync"/>.</summary>
    public void Begin(MonitoredJob job, Release release)
    {
        Interlocked.Increment(ref _pending);
        job.BeginRelease(release);
    }

    /// <summary>Sends <c>synced</c>, and repeats it only while no request has reached the supervisor.</summary>
    /// <param name="job">The job.</param>
    /// <param name="release">The right to release it.</param>
    /// <param name="stop">Canceled when the silo stops. Ends the report of a refusal, not the release.</param>
    public async Task ReleaseAsync(MonitoredJob job, Release release, CancellationToken stop)
    {
        using var span = ServerTraces.StartToPropagate("release job", job.Spec);
        var reply = await SendAsync(job, release);
        job.EndRelease(release.Attempt, MayHaveArrived(reply));
        Interlocked.Decrement(ref _pending);
        switch (reply)
        {
            case TheEyeReply.Ok:
                LogReleased(job.Spec.JobId, release.Attempt);
                break;
            case TheEyeReply.Refused { Status: not (400 or 404 or 408 or 429) } refused:
                LogRefused(job.Spec.JobId, refused.Status);
                await reporter.ReportAsync(job, JobOutcome.Lost($"TheEye has refused to release the job, nothing was run: {refused.Message}"), stop);
                job.Wake(WakeReasons.Check);
                break;
            default:
                LogNotConfirmed(job.Spec.JobId, release.Attempt);
                if (MayHaveArrived(reply) && job.CountFailedRelease() >= MaxFailedReleases)
                {
                    job.ReleaseFailure = $"TheEye has failed {MaxFailedReleases} times to release the job, nothing was run. {ReasonOf(reply)}";
                }

                job.Wake(WakeReasons.Check);
                break;
        }
    }

    /// <summary>Waits until every release that was begun is sent or given up. Then another silo can find out the state of each job.</summary>
    public async Task WaitForPendingAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(PendingCheck, timeProvider);
        while (Volatile.Read(ref _pending) > 0 && !cancellation.IsCancellationRequested)
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task<TheEyeReply> SendAsync(MonitoredJob job, Release release)
    {
        try
        {
            for (var backoff = RetryPolicy.Release.NewBackoff(); ;)
            {
                // If there is no token, none was refused: the next caller brings one, and another attempt releases the job.
                var reply = await supervisor.ReleaseAsync(job, IsWithinWindow, NotSent);
                if (MayHaveArrived(reply) || !IsWithinWindow())
                {
                    return reply;
                }

                await Task.Delay(backoff.Next(), timeProvider, CancellationToken.None);
            }
        }
        catch (Exception fault)
        {
            LogFailed(fault, job.Spec.JobId);
            return new TheEyeReply.Failed(TheEyeFault.Broken);
        }

        bool IsWithinWindow() => timeProvider.GetElapsedTime(release.FencedAt) <= Window;
    }

    private static string ReasonOf(TheEyeReply reply) => reply switch
    {
        TheEyeReply.Refused refused => $"Its supervisor says: {refused.Message}",
        TheEyeReply.Failed { Status: { } status } => $"Its supervisor has answered with status {status}.",
        TheEyeReply.Failed { Fault: TheEyeFault.Slow } => "Its supervisor does not answer. It never answers a request that the task's access list refuses.",
        _ => "Its supervisor has broken off its answer.",
    };

    private static bool MayHaveArrived(TheEyeReply reply) => reply is not TheEyeReply.Failed { MayHaveArrived: false };
}
