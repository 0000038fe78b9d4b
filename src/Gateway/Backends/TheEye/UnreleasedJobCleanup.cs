using Microsoft.Extensions.Options;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>Ends, at TheEye, jobs that were made there and that nobody will release: TheEye would count them as running for ever.</summary>
internal sealed partial class UnreleasedJobCleanup(
    SupervisorClient supervisor, IGrainFactory grains, IOptions<TheEyeOptions> options, TimeProvider timeProvider, ILogger<UnreleasedJobCleanup> logger)
{
    /// <summary>How long a job that was perhaps not submitted is seen to.</summary>
    private static readonly TimeSpan EndTime = TimeSpan.FromMinutes(2);

    /// <summary>A job was perhaps not submitted: if it was not, ends it, in the background.</summary>
    public void EndUnlessSubmitted(JobSpec spec, string? token) => End(spec, token, async grain => await grain.Attach(null, Reading.Fresh) switch
    {
        JobReply.Pending { Lifecycle: Lifecycle.Syncing } or JobReply.Finished => Fate.SeenTo,

        // Its own caller, who was told to ask for it, may have made it known as a job that somebody else releases, which nobody does.
        JobReply.NotFound or JobReply.Pending => Fate.Left,
        _ => Fate.Unknown,
    });

    /// <summary>The caller of a job was told that nothing was run: sees to it that nothing ever is, and ends it, in the background.</summary>
    public void EndUnrun(JobSpec spec, string? token) => End(
        spec, token, async grain => await grain.Terminate() == Cancellation.Unavailable ? Fate.Unknown : Fate.Left);

    private void End(JobSpec spec, string? token, Func<IJobGrain, Task<Fate>> ask)
    {
        if (spec.Origin == JobOrigin.AllocatedAtTheEye)
        {
            _ = Task.Run(() => EndAsync(spec, token, spec.IdempotencyId is { } call ? grain => ForgoAsync(grain, spec, call) : ask));
        }
    }

    /// <summary>A call that may be repeated is perhaps being repeated: either that is the job's submit, or another one is made for it.</summary>
    private async Task<Fate> ForgoAsync(IJobGrain grain, JobSpec spec, string call) => await grain.CancelUnsubmitted(spec) switch
    {
        Cancellation.Accepted => await grains.GetGrain<IIdempotencyGrain>(call).Unbind(spec.JobId) ? Fate.Left : Fate.Unknown,
        Cancellation.AlreadyEnded => Fate.SeenTo,
        _ => Fate.Unknown,
    };

    /// <summary>A job that was made is ended at TheEye, once it is certain that no submit will release it any more, unless its grain sees to it.</summary>
    private async Task EndAsync(JobSpec spec, string? token, Func<IJobGrain, Task<Fate>> ask)
    {
        string?[] tokens = [token, options.Value.ServiceTokens.GetValueOrDefault(spec.Customer)];
        var limit = new Deadline(timeProvider, EndTime);
        await Task.Delay(WaiterHub.SubmitValidity + RetryPolicy.Cleanup.FirstPause, timeProvider);
        for (var backoff = RetryPolicy.Cleanup.NewBackoff(); limit.Remaining > TimeSpan.Zero;)
        {
            try
            {
                var fate = await ask(grains.GetJob(JobKey.Of(spec.Customer, spec.JobId)));
                if (fate == Fate.SeenTo)
                {
                    return;
                }

                foreach (var known in fate == Fate.Left ? tokens.OfType<string>() : [])
                {
                    if (await supervisor.EndAsync(spec.Customer, spec.JobId, known, CancellationToken.None) is TheEyeReply.Ok or TheEyeReply.Refused { Status: 404 })
                    {
                        return;
                    }
                }
            }
            catch (Exception fault)
            {
                LogAskedInVain(fault, spec.JobId);
            }

            await Task.Delay(backoff.Next(), timeProvider);
        }

        LogLeft(spec.JobId);
    }

    /// <summary>What the job's grain says of a job that was perhaps not submitted.</summary>
    private enum Fate
    {
        /// <summary>It will be released, or was.</summary>
        SeenTo,

        /// <summary>Nobody releases it.</summary>
        Left,

        Unknown,
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job}: it can't be found out yet whether it was submitted.")]
    private partial void LogAskedInVain(Exception fault, string job);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} was made at TheEye but perhaps never released: cancel it there if it stays syncing.")]
    private partial void LogLeft(string job);
}
