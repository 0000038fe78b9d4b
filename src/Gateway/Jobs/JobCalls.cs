using System.Text.Json;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Calls;
using SyncCluster.Gateway.Http;
using SyncCluster.Gateway.Problems;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Json;
using SyncCluster.Silo;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Jobs;

/// <summary>The calls that run a task and wait for its job.</summary>
internal sealed class JobCalls(
    Gate gate,
    TaskLookup tasks,
    WaiterHub hub,
    IOptions<WaitingOptions> waiting,
    IOptions<RequestLimits> limits,
    TimeProvider timeProvider)
{
    public static Problem WrongSecret { get; } = new(StatusCodes.Status401Unauthorized, "The task or its secret is wrong.");

    public static Problem RecordLost(string jobId) =>
        new(StatusCodes.Status502BadGateway, "The job was started, but the storage has lost its record.") { JobId = jobId };

    /// <summary>Runs a task for the bearer of a token.</summary>
    public async Task<IResult> RunAsync(HttpContext http, string customer, string task)
    {
        var deadline = new Deadline(timeProvider, waiting.Value.Maximum);
        if (!TaskId.IsValid(task))
        {
            return JobAddress.NoSuchTask;
        }

        // Looked at before the body is read: who may not call may not send much either. Only a token that is not given yet may be in the body.
        var admission = gate.Admit(http.Request, null, customer, Credential.User);
        if (admission is { Refusal: { } early, TokenGiven: true })
        {
            return early;
        }

        var read = await ReadAsync(http);
        if (read is CallBody.Refused refused)
        {
            return new Problem(refused.Status, refused.Message);
        }

        var arguments = (CallBody.Arguments)read;
        if (arguments.AccessToken is not null)
        {
            admission = gate.Admit(http.Request, arguments.AccessToken, customer, Credential.User);
        }

        if (admission is not { Caller: { } caller })
        {
            return admission.Refusal!;
        }

        if (await tasks.FindAsync(customer, task, deadline, http.RequestAborted) is not { } definition)
        {
            return JobAddress.NoSuchTask;
        }

        if (!caller.IsOn(definition.Acl))
        {
            return Gate.NotOnTaskList;
        }

        return await SubmitAsync(http, definition, arguments, caller.User, null, deadline);
    }

    /// <summary>Runs a task for whoever knows its secret. What is wrong, the task or its secret, is not told.</summary>
    public async Task<IResult> RunWithSecretAsync(HttpContext http, string customer, string task, string secret)
    {
        var deadline = new Deadline(timeProvider, waiting.Value.Maximum);
        if (!CustomerName.IsValid(customer) || !TaskId.IsValid(task)
            || await tasks.FindAsync(customer, task, deadline, http.RequestAborted) is not { } definition || !Secret.Matches(secret, definition.SecretHash))
        {
            return WrongSecret;
        }

        return await ReadAsync(http) switch
        {
            CallBody.Refused refused => new Problem(refused.Status, refused.Message),
            var read => await SubmitAsync(
                http, definition, (CallBody.Arguments)read, new JobUser("secret", ""), $"{customer}.{Secret.New()}", deadline),
        };
    }

    /// <summary>Waits for a job of the token's customer.</summary>
    public async Task<IResult> AttachAsync(HttpContext http, string customer, string job)
    {
        var deadline = new Deadline(timeProvider, waiting.Value.Maximum);
        var admission = gate.Admit(http.Request, null, customer, Credential.Viewer);
        if (admission is not { Caller: { } caller })
        {
            return admission.Refusal!;
        }

        if (!JobId.IsValid(job))
        {
            return JobAddress.NoSuchJob;
        }

        var flags = AnswerFlags.Of(http.Request.Query);
        var end = await hub.AttachAsync(JobKey.Of(customer, job), access => caller.IsOn(access.Acl), deadline, http.RequestAborted);
        return Attached(end, job, flags, JobAddress.Of(customer, job, flags));
    }

    /// <summary>Waits for a job that was called with its task's secret, for whoever knows the job's own.</summary>
    public async Task<IResult> AttachWithSecretAsync(HttpContext http, string job, string secret)
    {
        var deadline = new Deadline(timeProvider, waiting.Value.Maximum);
        var dot = secret.LastIndexOf('.');
        if (!JobId.IsValid(job) || dot < 0 || !CustomerName.IsValid(secret[..dot]))
        {
            return JobAddress.NoSuchJob;
        }

        var flags = AnswerFlags.Of(http.Request.Query);
        var end = await hub.AttachAsync(
            JobKey.Of(secret[..dot], job), access => access.SecretHash is { } hash && Secret.Matches(secret, hash), deadline, http.RequestAborted);
        return end is WaitEnd.Forbidden ? JobAddress.NoSuchJob : Attached(end, job, flags, JobAddress.WithSecret(job, secret, flags));
    }

    /// <summary>Whether a job that can't be asked for has run is not known: only of a new one it is.</summary>
    private static IResult Attached(WaitEnd end, string job, AnswerFlags flags, string location) =>
        end is WaitEnd.Unavailable ? ServerFault.Unreachable : WaitAnswer.Of(end, job, flags, location);

    private async Task<CallBody> ReadAsync(HttpContext http) => CallBody.Read(
        http.Request.ContentType, await RequestBody.ReadAsync(http.Request, limits.Value.Body), http.Request.Query);

    private async Task<IResult> SubmitAsync(
        HttpContext http, TaskDefinition task, CallBody.Arguments arguments, JobUser user, string? jobSecret, Deadline deadline)
    {
        using var supplied = JsonDocument.Parse(arguments.Json, JsonText.DocumentOptions);
        var binding = TaskArguments.Bind(task, supplied.RootElement);
        if (binding is BoundArguments.Refused refused)
        {
            return new Problem(StatusCodes.Status400BadRequest, refused.Message);
        }

        var spec = JobSpec.Of(task, JobId.New(), ((BoundArguments.Bound)binding).Json, user, timeProvider.GetUtcNow()) with
        {
            SecretHash = jobSecret is null ? null : Secret.Hash(jobSecret),
        };
        var flags = AnswerFlags.Of(http.Request.Query);
        var location = jobSecret is null ? JobAddress.Of(task.Customer, spec.JobId, flags) : JobAddress.WithSecret(spec.JobId, jobSecret, flags);
        var end = await hub.SubmitAsync(spec, deadline, http.RequestAborted);
        return end is WaitEnd.NotFound
            ? RecordLost(spec.JobId)
            : WaitAnswer.Of(end, spec.JobId, flags, location);
    }
}
