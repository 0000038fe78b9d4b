using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Settings;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>
/// Cancels, at TheEye, jobs that were created there and will never be released: TheEye would count them as running for ever. It works in the background.
/// </summary>
internal sealed partial class UnreleasedJobCleanup(
    SupervisorClient supervisor,
    JobWindowClient windows,
    IGrainFactory grains,
    ReloadedOptions<TheEyeOptions> options,
    TimeProvider timeProvider,
    ILogger<UnreleasedJobCleanup> logger)
{
    /// <summary>How long it tries to cancel a job.</summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(2);

    /// <summary>What the job's grain says of a job whose submit may not have arrived.</summary>
    private enum ReleaseState
    {
        Unknown,

        /// <summary>This cluster has released it, or will.</summary>
        Released,

        /// <summary>It will never be released.</summary>
        NeverReleased,
    }

    /// <summary>A submit is over: cancels the job if the submit has not made it run.</summary>
    /// <param name="spec">The job.</param>
    /// <param name="token">The caller's token.</param>
    /// <param name="wait">What came of the submit; null if the client has disconnected before that was known.</param>
    public void Submitted(JobSpec spec, string? token, JobWait? wait)
    {
        if (wait is null || wait.Result is WaitResult.Unknown)
        {
            CancelUnlessSubmitted(spec, token);
        }
        else if (wait.Result is WaitResult.Replied { Reply: var reply } && IsNeverReleased(reply))
        {
            if (spec.IdempotencyId is null)
            {
                // A repeat may have been refused, while the job of the first call runs.
                windows.Leave(spec);
            }

            CancelRefused(spec, token);
        }
    }

    /// <summary>A job may not have been submitted: if it was not, cancels it.</summary>
    public void CancelUnlessSubmitted(JobSpec spec, string? token) => Cancel(spec, token, async grain => await grain.Attach(null, Reading.Fresh) switch
    {
        JobReply.Pending { Lifecycle: Lifecycle.Syncing } or JobReply.Finished => ReleaseState.Released,

        // A pending job in another lifecycle is one that its own caller has attached to, as a job that TheEye releases, which it does not.
        JobReply.NotFound or JobReply.Pending => ReleaseState.NeverReleased,
        _ => ReleaseState.Unknown,
    });

    /// <summary>The caller was told that nothing was run: makes sure that the job never runs, and cancels it.</summary>
    private void CancelRefused(JobSpec spec, string? token) => Cancel(
        spec, token, async grain => await grain.Terminate() == Cancellation.Unavailable ? ReleaseState.Unknown : ReleaseState.NeverReleased);

    /// <summary>Whether a reply says that the job was not accepted; or that a cleanup like this one, whose gateway may have died since, has ended it.</summary>
    private static bool IsNeverReleased(JobReply reply) =>
        reply.IsRefusal || (reply is JobReply.Finished { Job.Fault: { } fault } && fault == ServerOutcomes.NeverSubmitted.Fault);

    private void Cancel(JobSpec spec, string? token, Func<IJobGrain, Task<ReleaseState>> ask)
    {
        if (spec.Origin == JobOrigin.AllocatedAtTheEye)
        {
            _ = Task.Run(() => CancelAsync(spec, token, spec.IdempotencyId is { } key ? grain => CancelUnsubmittedAsync(grain, spec, key) : ask));
        }
    }

    /// <summary>A call with an <c>Idempotency-Key</c> may be repeated meanwhile: either the repeat submits this job, or another one is created for it.</summary>
    private async Task<ReleaseState> CancelUnsubmittedAsync(IJobGrain grain, JobSpec spec, string key) => await grain.CancelUnsubmitted(spec) switch
    {
        Cancellation.Accepted => await grains.GetGrainByKey<IIdempotencyGrain>(key).Unbind(spec.JobId) ? ReleaseState.NeverReleased : ReleaseState.Unknown,
        Cancellation.AlreadyEnded => ReleaseState.Released,
        _ => ReleaseState.Unknown,
    };

    /// <summary>Cancels the job at TheEye once it is certain that no submit will release it any more.</summary>
    private async Task CancelAsync(JobSpec spec, string? token, Func<IJobGrain, Task<ReleaseState>> ask)
    {
        string?[] tokens = [token, options.Value.ServiceTokens.GetValueOrDefault(spec.Customer)];
        var limit = new Deadline(timeProvider, TimeLimit);
        await Task.Delay(JobGrainClient.SubmitValidity + RetryPolicy.Cleanup.FirstPause, timeProvider);
        for (var backoff = RetryPolicy.Cleanup.NewBackoff(); limit.Remaining > TimeSpan.Zero;)
        {
            try
            {
                var state = await ask(grains.GetJob(JobKey.Of(spec.Customer, spec.JobId)));
                if (state == ReleaseState.Released)
                {
                    return;
                }

                foreach (var known in state == ReleaseState.NeverReleased ? tokens.OfType<string>() : [])
                {
                    if (await supervisor.EndAsync(spec.Customer, spec.JobId, known, CancellationToken.None) is TheEyeReply.Ok or TheEyeReply.Refused { Status: 404 })
                    {
                        windows.Leave(spec);
                        return;
                    }
                }
            }
            catch (Exception fault)
            {
                LogStateUnknown(fault, spec.JobId);
            }

            await Task.Delay(backoff.Next(), timeProvider);
        }

        LogNotCanceled(spec.JobId);
    }
}
