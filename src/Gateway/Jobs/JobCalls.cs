using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Calls;
using SyncCluster.Gateway.Http;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Problems;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Silo;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Jobs;

/// <summary>The calls that run a task and wait for its job.</summary>
internal sealed class JobCalls(
    Gate gate,
    ITaskBackend backend,
    WaiterHub hub,
    IOptions<WaitingOptions> waiting,
    IOptions<RequestLimits> limits,
    CallLimits callLimits,
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
        var admission = await gate.AdmitAsync(http.Request, null, customer, Credential.User, deadline);
        if (admission is { Refusal: { } early, TokenGiven: true })
        {
            return early;
        }

        if (admission.Caller is { } known && callLimits.Call(http, known.Customer) is { } tooMuch)
        {
            return tooMuch;
        }

        var read = await ReadAsync(http);
        if (read is CallBody.Refused refused)
        {
            return new Problem(refused.Status, refused.Message);
        }

        var arguments = (CallBody.Arguments)read;
        if (arguments.AccessToken is not null)
        {
            admission = await gate.AdmitAsync(http.Request, arguments.AccessToken, customer, Credential.User, deadline);
            if (admission.Caller is { } late && callLimits.Call(http, late.Customer) is { } lateTooMuch)
            {
                return lateTooMuch;
            }
        }

        return admission is { Caller: { } caller }
            ? await RunAsync(http, new TaskCall(customer, task, arguments) { Caller = caller, Token = admission.Token }, null, deadline)
            : admission.Refusal!;
    }

    /// <summary>Runs a task for whoever knows its secret. What is wrong, the task or its secret, is not told.</summary>
    public async Task<IResult> RunWithSecretAsync(HttpContext http, string customer, string task, string secret)
    {
        var deadline = new Deadline(timeProvider, waiting.Value.Maximum);
        if (!CustomerName.IsValid(customer) || !TaskId.IsValid(task))
        {
            return WrongSecret;
        }

        if (await backend.CheckSecretAsync(customer, task, secret, deadline, http.RequestAborted) is { } refusal)
        {
            return refusal;
        }

        if (callLimits.CallBySecret(http, customer) is { } tooMuch)
        {
            return tooMuch;
        }

        var jobSecret = $"{customer}.{Secret.New()}";
        return await ReadAsync(http) switch
        {
            CallBody.Refused refused => new Problem(refused.Status, refused.Message),
            var read => await RunAsync(
                http,
                new TaskCall(customer, task, (CallBody.Arguments)read) { Secret = secret, JobSecretHash = Secret.Hash(jobSecret) },
                jobSecret,
                deadline),
        };
    }

    /// <summary>Waits for a job of the token's customer.</summary>
    public async Task<IResult> AttachAsync(HttpContext http, string customer, string job)
    {
        var deadline = new Deadline(timeProvider, waiting.Value.Maximum);
        var admission = await gate.AdmitAsync(http.Request, null, customer, Credential.Viewer, deadline);
        if (admission is not { Caller: { } caller })
        {
            return admission.Refusal!;
        }

        if (!JobId.IsValid(job))
        {
            return JobAddress.NoSuchJob;
        }

        if (callLimits.Wait(http) is { } tooMany)
        {
            return tooMany;
        }

        var flags = AnswerFlags.Of(http.Request.Query);
        var end = await backend.AttachAsync(new JobRequest(customer, job, caller, admission.Token!), deadline, http.RequestAborted);
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

        if (callLimits.Wait(http) is { } tooMany)
        {
            return tooMany;
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

    private async Task<IResult> RunAsync(HttpContext http, TaskCall call, string? jobSecret, Deadline deadline)
    {
        var flags = AnswerFlags.Of(http.Request.Query);
        var allocation = await backend.AllocateAsync(call, deadline, http.RequestAborted);
        if (allocation is not Allocation.Refused)
        {
            callLimits.SecretWasRight(http, call);
        }

        switch (allocation)
        {
            case Allocation.Allocated { Spec: var spec }:
                var end = await SubmitAsync(spec, call.Token, deadline, http.RequestAborted);
                return end is WaitEnd.NotFound ? RecordLost(spec.JobId) : WaitAnswer.Of(end, spec.JobId, flags, LocationOf(spec.JobId));
            case Allocation.Ended ended:
                return WaitAnswer.Of(new WaitEnd.Finished(ended.Job), ended.JobId, flags, LocationOf(ended.JobId));
            case Allocation.Refused refused:
                return refused.Problem;
            default:
                throw new InvalidOperationException("A job is allocated, has ended, or there is none.");
        }

        string LocationOf(string job) => jobSecret is null ? JobAddress.Of(call.Customer, job, flags) : JobAddress.WithSecret(job, jobSecret, flags);
    }

    private async Task<WaitEnd> SubmitAsync(JobSpec spec, string? token, Deadline deadline, CancellationToken gone)
    {
        WaitEnd end = new WaitEnd.Unknown();
        try
        {
            return end = await hub.SubmitAsync(spec, token, deadline, gone);
        }
        finally
        {
            switch (end)
            {
                case WaitEnd.Unknown:
                    backend.EndUnlessSubmitted(spec, token);
                    break;
                case WaitEnd.Unavailable or WaitEnd.QueueFull:
                    backend.EndUnrun(spec, token);
                    break;
            }
        }
    }
}
