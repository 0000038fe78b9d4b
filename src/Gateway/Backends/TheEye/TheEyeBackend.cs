using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Settings;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>
/// The tasks of TheEye. Its supervisor creates the jobs, and says who may see them: a job is read with the token of the caller that asks for it. The
/// answer that this cluster has stored outlives TheEye's document.
/// </summary>
internal sealed class TheEyeBackend(
    TheEyeJobAllocator allocator,
    UnreleasedJobCleanup cleanup,
    SupervisorClient supervisor,
    TheEyeTokenValidator tokens,
    ReadPermissionCache permissions,
    WaiterHub hub,
    FinishedJobs finishedJobs,
    IGrainFactory grains,
    ReloadedOptions<TheEyeOptions> options,
    TimeProvider timeProvider) : ITaskBackend
{
    /// <summary>Less time than this is not enough to ask a grain; a timer may also end some milliseconds early.</summary>
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(100);

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Customers => options.Value.ServiceTokens.Keys;

    /// <inheritdoc/>
    public bool ChecksSecrets => false;

    /// <summary>TheEye has decided what is in them.</summary>
    public DocumentForm FormFor(Caller? caller) => DocumentForm.Whole;

    /// <inheritdoc/>
    public Task<Problem?> CheckSecretAsync(string customer, string task, string secret, Deadline deadline, CancellationToken aborted) =>
        Task.FromResult(options.Value.ServiceTokens.ContainsKey(customer) ? null : Problems.TheEye.NoServiceToken);

    /// <inheritdoc/>
    public Task<Allocation> AllocateAsync(TaskInvocation invocation, Deadline deadline, CancellationToken aborted) =>
        allocator.AllocateAsync(invocation, deadline, aborted);

    /// <inheritdoc/>
    public async Task<JobWait> SubmitAsync(Allocation.Allocated job, string? token, WaitDeadlines deadlines, CancellationToken aborted)
    {
        JobWait? wait = null;
        try
        {
            wait = await hub.SubmitAsync(job.Spec, taskRevision: null, token, deadlines, aborted);
            return wait;
        }
        finally
        {
            cleanup.Submitted(job.Spec, token, wait);
        }
    }

    /// <inheritdoc/>
    public async Task<JobWait> AttachAsync(JobRequest request, WaitDeadlines deadlines, CancellationToken aborted)
    {
        if (!permissions.Contains(request))
        {
            var (reply, job) = await ReadAsync(request, deadlines.Start, aborted);
            if (job is null)
            {
                return await AttachToStoredAsync(request, reply, deadlines, aborted);
            }

            if (job.Value.End is { } end)
            {
                var ended = TheEyeJobs.Finished(request.Customer, request.Job, end, ((TheEyeReply.Ok)reply).Body);
                return new JobWait(new WaitResult.Replied(finishedJobs.Share(ended)));
            }

            permissions.Add(request);
        }

        var spec = TheEyeJobs.SpecOf(
            request.Customer, request.Job, request.Caller?.Caller, JobOrigin.ExternallyReleased, timeProvider.GetUtcNow());
        return await hub.AttachExternalAsync(spec, request.Caller?.Token, deadlines, aborted);
    }

    /// <inheritdoc/>
    public async Task<Result<JobView>> ReadAsync(JobRequest request, CancellationToken aborted)
    {
        var (reply, job) = await ReadAsync(request, deadline: null, aborted);
        if (job is { } seen)
        {
            var document = ((TheEyeReply.Ok)reply).Body;
            var ended = seen.End is { } end ? finishedJobs.Share(TheEyeJobs.Finished(request.Customer, request.Job, end, document)).Job : null;
            return new JobView { Lifecycle = seen.Lifecycle, HasEnded = ended is not null, Document = ended?.Document ?? document, Source = ended };
        }

        if (MayUseStored(reply)
            && await grains.GetJob(request.Key).Attach(null, Reading.Cached) is JobReply.Finished { Job: { Fault: null } stored }
            && request.MayShow(stored.Access))
        {
            stored = finishedJobs.Share(stored);
            return new JobView { Lifecycle = stored.Lifecycle.WireName(), HasEnded = true, Document = stored.Document, Source = stored };
        }

        return ProblemOf(request, reply);
    }

    /// <inheritdoc/>
    public async Task<Problem?> CancelAsync(JobRequest request, CancellationToken aborted)
    {
        var reply = await supervisor.EndAsync(request.Customer, request.Job, request.Caller!.Token, aborted);
        if (reply is not TheEyeReply.Ok)
        {
            return ProblemOf(request, reply) with { JobId = request.Job, Location = JobLinks.Result(request.Customer, request.Job) };
        }

        // The waiters should not have to wait until TheEye is polled again.
        grains.GetJob(request.Key).Attach(null, Reading.Fresh).Ignore();
        return null;
    }

    /// <summary>The answer that is stored here outlives TheEye's document.</summary>
    private async Task<JobWait> AttachToStoredAsync(JobRequest request, TheEyeReply reply, WaitDeadlines deadlines, CancellationToken aborted)
    {
        var problem = ProblemOf(request, reply);
        if (!MayUseStored(reply) || deadlines.Start.Remaining <= ShortestWait)
        {
            return new JobWait(new WaitResult.Refused(problem));
        }

        var stored = await hub.AttachAsync(request.Key, request.MayShow, deadlines, aborted);
        if (stored.Result is not (WaitResult.Forbidden or WaitResult.Replied { Reply: JobReply.NotFound }))
        {
            return stored;
        }

        stored.Dispose();
        return new JobWait(new WaitResult.Refused(problem));
    }

    private async Task<(TheEyeReply Reply, TheEyeJob? Job)> ReadAsync(JobRequest request, Deadline? deadline, CancellationToken aborted)
    {
        TheEyeReply reply;
        try
        {
            var token = request.Caller?.Token ?? options.Value.ServiceTokens.GetValueOrDefault(request.Customer, "");
            var reading = supervisor.JobAsync(request.Customer, request.Job, token, aborted);
            reply = await (deadline?.WaitAsync(reading, aborted) ?? reading);
        }
        catch (TimeoutException)
        {
            reply = new TheEyeReply.Failed(TheEyeFault.Slow);
        }

        return (reply, reply is TheEyeReply.Ok ok && ok.ToJob() is { } job && job.Id == request.Job ? job : null);
    }

    /// <summary>Whether the answer that is stored here may be given instead: TheEye does not know the job any more, or can't be asked.</summary>
    private static bool MayUseStored(TheEyeReply reply) => reply is TheEyeReply.Failed or TheEyeReply.Refused { Status: StatusCodes.Status404NotFound };

    private Problem ProblemOf(JobRequest request, TheEyeReply reply)
    {
        tokens.ForgetIfUnauthorized(request.Caller?.Token, reply);
        return Problems.TheEye.OfJob(reply);
    }
}
