using System.Text.Json;
using Microsoft.Extensions.Options;
using SyncCluster.Doors;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting;
using SyncCluster.Jobs;
using SyncCluster.Json;
using SyncCluster.Scripts;
using SyncCluster.Settings;
using SyncCluster.Tasks;
using SyncCluster.Telemetry;

namespace SyncCluster.Gateway.Backends.Local;

/// <summary>The tasks of this cluster, which its silos run.</summary>
internal sealed class LocalBackend(
    TaskReader tasks,
    ParentReader parents,
    WaiterHub hub,
    JobDoors doors,
    FinishedJobs finishedJobs,
    IGrainFactory grains,
    ReloadedOptions<AuthOptions> auth,
    DemoMode demo,
    IOptions<TaskOptions> taskOptions,
    TimeProvider timeProvider) : ITaskBackend
{
    /// <inheritdoc/>
    public IReadOnlyCollection<string> Customers => demo.IsOn ? [DemoMode.Customer] : auth.Value.Customers.Keys;

    /// <inheritdoc/>
    public bool ChecksSecrets => true;

    /// <inheritdoc/>
    public DocumentForm FormFor(Caller? caller) =>
        caller?.Credential >= Credential.Admin ? DocumentForm.Whole : DocumentForm.WithoutEnvironment;

    /// <inheritdoc/>
    public async Task<Problem?> CheckSecretAsync(string customer, string task, string secret, Deadline deadline, CancellationToken aborted) =>
        await tasks.FindAsync(customer, task, deadline, aborted) is { } definition && Secret.Matches(secret, definition.SecretHash)
            ? null
            : Problems.WrongSecret;

    /// <inheritdoc/>
    public async Task<Allocation> AllocateAsync(TaskInvocation invocation, Deadline deadline, CancellationToken aborted)
    {
        // What a task that may have changed refuses, the task as it is now may take.
        if (invocation is { AllowsKnownTask: true, Parent: null }
            && doors.TakeTaskRevisions
            && tasks.FindKnown(invocation.Customer, invocation.Task) is { } known
            && await AllocateAsync(invocation, known, deadline) is Allocation.Allocated allocated)
        {
            return allocated with { TaskRevision = known.Revision };
        }

        return await tasks.FindAsync(invocation.Customer, invocation.Task, deadline, aborted) is { } task
            ? await AllocateAsync(invocation, task, deadline)
            : new Allocation.Refused(invocation.Secret is null ? Problems.NoSuchTask : Problems.WrongSecret);
    }

    private async ValueTask<Allocation> AllocateAsync(TaskInvocation invocation, TaskDefinition task, Deadline deadline)
    {
        if (invocation.Secret is { } secret && !Secret.Matches(secret, task.SecretHash))
        {
            return new Allocation.Refused(Problems.WrongSecret);
        }

        var caller = invocation.Caller?.Caller;
        if (caller?.IsAllowedBy(task.Acl) == false)
        {
            return new Allocation.Refused(Problems.NotOnTaskList);
        }

        if (invocation.CallerWaitsUntil is not null && !task.Cancellable && caller?.Credential is not >= Credential.Admin)
        {
            return new Allocation.Refused(Problems.NotCancellable);
        }

        using var supplied = JsonDocument.Parse(ArgumentsOf(invocation, task), JsonText.DocumentOptions);
        switch (TaskArguments.Bind(task, supplied.RootElement))
        {
            case BoundArguments.Bound { Words: var words }
                when task.Type == TaskType.Script && ArgumentLimits.OfThisMachine.Excess(words, task.Env) is { } excess:
                return new Allocation.Refused(Problems.ArgumentsTooLong(excess));
            case BoundArguments.Bound
                when (task.ArgumentRule ?? taskOptions.Value.Arguments) == ArgumentRule.Strict
                    && ArgumentCheck.FaultsOf(task, supplied.RootElement) is { Count: > 0 } faults:
                return new Allocation.Refused(Problems.ArgumentsDoNotFit(faults));
            case BoundArguments.Bound bound:
                string[]? ancestors = null;
                if (invocation.Parent is { } parent
                    && !(await parents.FindAncestorsAsync(task, parent, deadline)).TryGet(out ancestors, out var problem))
                {
                    return new Allocation.Refused(problem);
                }

                var jobId = invocation.JobId ?? (invocation.Identity is { } identity ? JobId.Of(identity.Id) : JobId.New());
                var user = caller?.User ?? new JobUser("secret", "");
                var spec = JobSpec.Of(task, jobId, bound.Json, user, timeProvider.GetUtcNow()) with
                {
                    SecretHash = invocation.JobSecretHash,
                    Fingerprint = invocation.Identity?.Fingerprint,
                    CallerWaitsUntil = invocation.CallerWaitsUntil,
                    Ancestors = ancestors,
                    TraceParent = ServerTraces.CurrentParent,
                    TraceState = ServerTraces.CurrentState,
                    RestartedFrom = invocation.Restart?.Job,
                    CallerAddress = invocation.CallerAddress,
                };
                return JobDocument.SizeOfCall(spec) is > JobDocument.CallLimit and var size
                    ? new Allocation.Refused(Problems.CallTooLarge(size))
                    : new Allocation.Allocated(spec);
            case BoundArguments.Refused refused:
                return new Allocation.Refused(Problems.InvalidArguments(refused.Message));
            default:
                throw new InvalidOperationException("Arguments are bound or refused.");
        }
    }

    /// <inheritdoc/>
    public Task<JobWait> SubmitAsync(Allocation.Allocated job, string? token, WaitDeadlines deadlines, CancellationToken aborted) =>
        hub.SubmitAsync(job.Spec, job.TaskRevision, token: null, deadlines, aborted);

    /// <inheritdoc/>
    public Task<JobWait> AttachAsync(JobRequest request, WaitDeadlines deadlines, CancellationToken aborted) =>
        hub.AttachAsync(request.Key, request.MayShow, deadlines, aborted);

    /// <inheritdoc/>
    public async Task<Result<JobView>> ReadAsync(JobRequest request, CancellationToken aborted) =>
        await grains.GetJob(request.Key).Attach(null, Reading.Cached) switch
        {
            JobReply.Pending pending => Show(request, pending),
            JobReply.Finished { Job: { IsRemoved: true } removed } =>
                request.MayShow(removed.Access) ? Problems.JobRemoved(request.Job) : Problems.NotOnJobList,
            JobReply.Finished finished => Show(request, finished),
            JobReply.NotFound => Problems.NoSuchJob,
            _ => Problems.Unreachable,
        };

    /// <inheritdoc/>
    public async Task<Problem?> CancelAsync(JobRequest request, CancellationToken aborted) => await grains.GetJob(request.Key).Cancel() switch
    {
        Cancellation.Accepted or Cancellation.AlreadyEnded => null,
        Cancellation.NotFound => Problems.NoSuchJob,
        _ => Problems.RunnerUnreachable(request.Job, JobLinks.Result(request.Customer, request.Job)),
    };

    /// <summary>The values that are given. Those of an ended job are bound anew, since the task may have changed meanwhile.</summary>
    private static ReadOnlyMemory<byte> ArgumentsOf(TaskInvocation invocation, TaskDefinition task) =>
        invocation.Restart?.BoundArguments is { } bound ? TaskArguments.Unbound(task, bound) : invocation.Payload.Arguments;

    private Result<JobView> Show(JobRequest request, JobReply.Pending pending) => request.MayShow(pending.Access)
        ? new JobView
        {
            Lifecycle = pending.Lifecycle.WireName(),
            HasEnded = false,
            Document = FormFor(request.Caller?.Caller).Of(pending.Document ?? []),
            IsForAdministrators = !pending.Access.Cancellable,
            Run = pending.Run,
            Gateways = pending.Gateways,
            CallerAddress = pending.CallerAddress,
        }
        : Problems.NotOnJobList;

    private Result<JobView> Show(JobRequest request, JobReply.Finished finished)
    {
        if (!request.MayShow(finished.Job.Access))
        {
            return Problems.NotOnJobList;
        }

        var job = finishedJobs.Share(finished.Job);
        return new JobView
        {
            Lifecycle = job.Lifecycle.WireName(),
            HasEnded = true,
            Document = job.DocumentIn(FormFor(request.Caller?.Caller)),
            Source = job,
            IsForAdministrators = !job.Access.Cancellable,
            EndedAt = timeProvider.GetUtcNow() - finished.Job.Age,
            Run = finished.Run,
            CallerAddress = finished.CallerAddress,
        };
    }
}
