using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Calls;
using SyncCluster.Gateway.Http;
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
    TimeProvider timeProvider)
{
    private readonly WaitingOptions _waiting = waiting.Value;

    public static Problem WrongSecret { get; } = new(StatusCodes.Status401Unauthorized, "The task or its secret is wrong.");

    public static Problem NotWithKey { get; } = new(
        StatusCodes.Status400BadRequest, "A call that may be repeated can't be canceled when its caller hangs up: send either an Idempotency-Key or cancel_on_disconnect.");

    public static Problem RecordLost(string jobId) =>
        new(StatusCodes.Status502BadGateway, "The job was started, but the storage has lost its record.") { JobId = jobId };

    /// <summary>Runs a task for the bearer of a token.</summary>
    public async Task<IResult> RunAsync(HttpContext http, string customer, string task)
    {
        var deadline = new Deadline(timeProvider, _waiting.Maximum);
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

        var read = await ReadAsync(http);
        if (read is CallBody.Refused refused)
        {
            return new Problem(refused.Status, refused.Message);
        }

        var arguments = (CallBody.Arguments)read;
        if (arguments.AccessToken is not null)
        {
            admission = await gate.AdmitAsync(http.Request, arguments.AccessToken, customer, Credential.User, deadline);
        }

        return admission is { Caller: { } caller }
            ? await RunAsync(http, new TaskCall(customer, task, arguments) { Caller = caller, Token = admission.Token }, deadline)
            : admission.Refusal!;
    }

    /// <summary>Runs a task for whoever knows its secret. What is wrong, the task or its secret, is not told.</summary>
    public async Task<IResult> RunWithSecretAsync(HttpContext http, string customer, string task, string secret)
    {
        var deadline = new Deadline(timeProvider, _waiting.Maximum);
        if (!CustomerName.IsValid(customer) || !TaskId.IsValid(task))
        {
            return WrongSecret;
        }

        if (await backend.CheckSecretAsync(customer, task, secret, deadline, http.RequestAborted) is { } refusal)
        {
            return refusal;
        }

        return await ReadAsync(http) switch
        {
            CallBody.Refused refused => new Problem(refused.Status, refused.Message),
            var read => await RunAsync(http, new TaskCall(customer, task, (CallBody.Arguments)read) { Secret = secret }, deadline),
        };
    }

    /// <summary>Waits for a job of the token's customer.</summary>
    public async Task<IResult> AttachAsync(HttpContext http, string customer, string job)
    {
        var deadline = new Deadline(timeProvider, _waiting.Maximum);
        var admission = await gate.AdmitAsync(http.Request, null, customer, Credential.Viewer, deadline);
        if (admission is not { Caller: { } caller })
        {
            return admission.Refusal!;
        }

        if (!JobId.IsValid(job))
        {
            return JobAddress.NoSuchJob;
        }

        var terms = WaitTerms.Of(http.Request, _waiting, customer, null, deadline);
        var request = new JobRequest(customer, job, caller, admission.Token!);
        var end = await backend.AttachAsync(request, terms.Time, http.RequestAborted);
        return await AttachedAsync(http, end, request, terms, JobAddress.Of(customer, job, terms.Flags));
    }

    /// <summary>Waits for a job that was called with its task's secret, for whoever knows the job's own.</summary>
    public async Task<IResult> AttachWithSecretAsync(HttpContext http, string job, string secret)
    {
        var deadline = new Deadline(timeProvider, _waiting.Maximum);
        var dot = secret.LastIndexOf('.');
        if (!JobId.IsValid(job) || dot < 0 || !CustomerName.IsValid(secret[..dot]))
        {
            return JobAddress.NoSuchJob;
        }

        var request = new JobRequest(secret[..dot], job, null, null);
        var terms = WaitTerms.Of(http.Request, _waiting, request.Customer, null, deadline);
        var end = await hub.AttachAsync(
            request.Key, access => access.SecretHash is { } hash && Secret.Matches(secret, hash), terms.Time, http.RequestAborted);
        return end is WaitEnd.Forbidden
            ? JobAddress.NoSuchJob
            : await AttachedAsync(http, end, request, terms, JobAddress.WithSecret(job, secret, terms.Flags));
    }

    /// <summary>Whether a job that can't be asked for has run is not known: only of a new one it is.</summary>
    private async ValueTask<IResult> AttachedAsync(HttpContext http, WaitEnd end, JobRequest request, WaitTerms terms, string location) =>
        end is WaitEnd.Unavailable ? ServerFault.Unreachable : await AnswerAsync(http, end, request, terms, location);

    private async Task<CallBody> ReadAsync(HttpContext http) => CallBody.Read(
        http.Request.ContentType, await RequestBody.ReadAsync(http.Request, limits.Value.Body), http.Request.Query);

    private async Task<IResult> RunAsync(HttpContext http, TaskCall call, Deadline arrival)
    {
        var terms = WaitTerms.Of(http.Request, _waiting, call.Customer, call.Task, arrival);
        switch (IdempotencyKey.Find(http.Request.Headers["Idempotency-Key"]))
        {
            case IdempotencyKey.Malformed malformed:
                return new Problem(StatusCodes.Status400BadRequest, malformed.Message);
            case IdempotencyKey.One when CancelsOnDisconnect(http.Request):
                return NotWithKey;
            case IdempotencyKey.One { Key: var key }:
                call = call with { Identity = CallIdentity.Of(call, key) };
                break;
        }

        var jobSecret = call.Secret is { } secret ? $"{call.Customer}.{call.Identity?.JobSecret(secret) ?? Secret.New()}" : null;
        call = call with
        {
            JobSecretHash = jobSecret is null ? null : Secret.Hash(jobSecret),
            CallerWaitsUntil = CancelsOnDisconnect(http.Request) ? timeProvider.GetUtcNow() + terms.Time.End.Remaining : null,
        };
        switch (await backend.AllocateAsync(call, terms.Time.Start, http.RequestAborted))
        {
            case Allocation.Allocated { Spec: var spec }:
                var end = await SubmitAsync(spec, call.Token, terms.Time, http.RequestAborted);
                return end is WaitEnd.NotFound ? RecordLost(spec.JobId) : await EndedAsync(spec.JobId, end);
            case Allocation.Ended ended:
                return await EndedAsync(ended.JobId, new WaitEnd.Finished(ended.Job));
            case Allocation.OtherCall other:
                return await EndedAsync(other.JobId, new WaitEnd.OtherCall());
            case Allocation.Refused refused:
                return refused.Problem;
            default:
                throw new InvalidOperationException("A job is allocated, has ended, or there is none.");
        }

        ValueTask<IResult> EndedAsync(string job, WaitEnd end) => AnswerAsync(
            http,
            end,
            new JobRequest(call.Customer, job, call.Caller, call.Token),
            terms,
            jobSecret is null ? JobAddress.Of(call.Customer, job, terms.Flags) : JobAddress.WithSecret(job, jobSecret, terms.Flags));
    }

    private static bool CancelsOnDisconnect(HttpRequest request) => request.Query.ContainsKey("cancel_on_disconnect");

    /// <summary>The answer to a request that has waited for a job, however the wait ended.</summary>
    private async ValueTask<IResult> AnswerAsync(HttpContext http, WaitEnd end, JobRequest request, WaitTerms terms, string location)
    {
        var goesOn = terms.RespondsAsync && end is WaitEnd.TimedOut;
        terms.Tell(http.Response.Headers, goesOn);
        return goesOn
            ? WaitAnswer.GoesOn(request.Job, await backend.SoFarAsync(request, http.RequestAborted), location)
            : WaitAnswer.Of(end, request.Job, terms.Flags, location);
    }

    private async Task<WaitEnd> SubmitAsync(JobSpec spec, string? token, WaitTime time, CancellationToken gone)
    {
        WaitEnd end = new WaitEnd.Unknown();
        try
        {
            return end = await hub.SubmitAsync(spec, token, time, gone);
        }
        finally
        {
            switch (end)
            {
                case WaitEnd.Unknown:
                    backend.EndUnlessSubmitted(spec, token);
                    break;
                case WaitEnd.Unavailable or WaitEnd.QueueFull:

                // Whoever gave it up has perhaps died before its key was free again.
                case WaitEnd.Finished { Job.Fault: { } fault } when fault == JobEnds.Forgone.Fault:
                    backend.EndUnrun(spec, token);
                    break;
            }
        }
    }
}
