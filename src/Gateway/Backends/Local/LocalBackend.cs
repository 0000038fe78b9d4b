using System.Text.Json;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Http;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting;
using SyncCluster.Jobs;
using SyncCluster.Json;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Backends.Local;

/// <summary>The tasks of this cluster, which its silos run.</summary>
internal sealed class LocalBackend(TaskReader tasks, WaiterHub hub, IGrainFactory grains, TimeProvider timeProvider) : ITaskBackend
{
    public static Problem NotCancellable { get; } = new(
        StatusCodes.Status403Forbidden, "This task's jobs may be canceled by an administrator only: call it without cancel_on_disconnect.");

    /// <inheritdoc/>
    public bool KnowsSecrets => true;

    /// <inheritdoc/>
    public async Task<Problem?> CheckSecretAsync(string customer, string task, string secret, Deadline deadline, CancellationToken gone) =>
        await FindAsync(customer, task, deadline, gone) is { } definition && Secret.Matches(secret, definition.SecretHash) ? null : SyncCallHandler.WrongSecret;

    /// <inheritdoc/>
    public async Task<Allocation> AllocateAsync(TaskInvocation call, Deadline deadline, CancellationToken gone)
    {
        if (await FindAsync(call.Customer, call.Task, deadline, gone) is not { } task)
        {
            return new Allocation.Refused(call.Secret is null ? JobLinks.NoSuchTask : SyncCallHandler.WrongSecret);
        }

        if (call.Caller?.IsAllowedBy(task.Acl) == false)
        {
            return new Allocation.Refused(AccessTokenAuthenticator.NotOnTaskList);
        }

        if (call.CallerWaitsUntil is not null && !task.Cancellable && call.Caller?.Credential is not >= Credential.Admin)
        {
            return new Allocation.Refused(NotCancellable);
        }

        using var supplied = JsonDocument.Parse(call.Arguments.Json, JsonText.DocumentOptions);
        return TaskArguments.Bind(task, supplied.RootElement) switch
        {
            BoundArguments.Bound bound => new Allocation.Allocated(
                JobSpec.Of(task, call.Identity is { } identity ? JobId.Of(identity.Id) : JobId.New(), bound.Json, call.Caller?.User ?? new JobUser("secret", ""), timeProvider.GetUtcNow()) with
                {
                    SecretHash = call.JobSecretHash,
                    Fingerprint = call.Identity?.Fingerprint,
                    CallerWaitsUntil = call.CallerWaitsUntil,
                }),
            var refused => new Allocation.Refused(new Problem(StatusCodes.Status400BadRequest, ((BoundArguments.Refused)refused).Message)),
        };
    }

    /// <inheritdoc/>
    public void EndUnlessSubmitted(JobSpec spec, string? token)
    {
        // Nothing but its id was made.
    }

    /// <inheritdoc/>
    public void EndUnrun(JobSpec spec, string? token)
    {
        // Nobody knows its id, and nobody asks for it.
    }

    /// <inheritdoc/>
    public Task<WaitResult> AttachAsync(JobRequest request, WaitDeadlines time, CancellationToken gone) =>
        hub.AttachAsync(request.Key, request.MaySee, time, gone);

    /// <inheritdoc/>
    public async Task<JobView> LookAsync(JobRequest request, CancellationToken gone)
    {
        var (access, seen) = await grains.GetJob(request.Key).Attach(null, Reading.Cached) switch
        {
            JobReply.Pending pending => (pending.Access, new JobView { Lifecycle = pending.Lifecycle.WireName(), Document = pending.Document }),
            JobReply.Finished { Job: var job } => (job.Access, new JobView { Lifecycle = job.Lifecycle.WireName(), HasEnded = true, Document = job.Document }),
            JobReply.NotFound => (null, JobView.Refused(JobLinks.NoSuchJob)),
            _ => (null, JobView.Refused(ApiExceptionHandler.Unreachable)),
        };
        return access is null ? seen
            : request.MaySee(access) ? seen with { IsForAdministrators = !access.Cancellable }
            : JobView.Refused(AccessTokenAuthenticator.NotOnJobList);
    }

    /// <inheritdoc/>
    public async Task<Problem?> CancelAsync(JobRequest request, JobView seen, CancellationToken gone)
    {
        if (seen.IsForAdministrators && request.Caller?.Credential is not >= Credential.Admin)
        {
            return JobsApi.AdministratorsOnly(request.Customer, request.Job);
        }

        return (seen.HasEnded ? Cancellation.AlreadyEnded : await grains.GetJob(request.Key).Cancel()) switch
        {
            Cancellation.Accepted => null,
            Cancellation.AlreadyEnded => JobsApi.HasEnded(request.Customer, request.Job),
            Cancellation.NotFound => JobLinks.NoSuchJob,
            _ => JobsApi.RunnerUnreachable(request.Customer, request.Job),
        };
    }

    private async Task<TaskDefinition?> FindAsync(string customer, string task, Deadline deadline, CancellationToken gone) =>
        CustomerName.IsValid(customer) && TaskId.IsValid(task) ? await tasks.FindAsync(customer, task, deadline, gone) : null;
}
