using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Api.Polling;

/// <summary>
/// TheEye's newer dialect: a call is answered at once, with the job's document or with a redirect to its result. There a client waits for a short time and
/// is redirected again, until the job has ended or the chain of waits is at its limit.
/// </summary>
internal sealed class PollingCallHandler(
    ITaskBackend backend,
    CallPayloadReader payloads,
    RequestLimiter limiter,
    FailedAuthentications failures,
    WaiterHub hub,
    DefaultCustomer defaultCustomer,
    IOptions<WaitingOptions> waiting,
    TimeProvider timeProvider)
{
    /// <summary>How long a job's start may take: longer than the cluster needs to replace a silo that died.</summary>
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(30);

    private readonly WaitingOptions _waiting = waiting.Value;

    /// <summary>Starts a job for a caller with a token.</summary>
    /// <param name="http">The request.</param>
    /// <param name="task">The task's id; null if the body or the query names the task.</param>
    public async Task<IResult> CreateAsync(HttpContext http, string? task)
    {
        var caller = http.GetCaller();
        if (task is not null && !TaskId.IsValid(task))
        {
            return Problems.NoSuchTask;
        }

        if (PollingCursor.Of(http.Request.Query) is null)
        {
            return Problems.MalformedPolling;
        }

        return limiter.Add(http, caller.Caller.Customer)
            ?? await CreateAsync(http, caller.Caller.Customer, task, caller, secret: null, caller.Arrival);
    }

    /// <summary>Starts a job for a caller with the task's secret.</summary>
    public async Task<IResult> CreateWithSecretAsync(HttpContext http, string task, string secret)
    {
        var arrival = new Deadline(timeProvider, _waiting.Maximum);
        var customer = CustomerInQuery.Of(http.Request.Query) ?? defaultCustomer.Name;
        if (!CustomerName.IsValid(customer) || !TaskId.IsValid(task))
        {
            return failures.Answer(http, Problems.WrongSecret);
        }

        if (PollingCursor.Of(http.Request.Query) is null)
        {
            return Problems.MalformedPolling;
        }

        if (await backend.CheckSecretAsync(customer, task, secret, DeadlinesOf(arrival, StartTime).Start, http.RequestAborted) is { } refusal)
        {
            return failures.Answer(http, refusal);
        }

        return limiter.AddCallBySecret(http, customer)
            ?? await CreateAsync(http, customer, task, caller: null, secret, arrival);
    }

    /// <summary>Starts the job of a call that was read, and answers with its document.</summary>
    public Task<IResult> StartAsync(HttpContext http, TaskInvocation invocation, Deadline arrival) =>
        StartAsync(http, invocation, DeadlinesOf(arrival, StartTime));

    /// <summary>Waits for a job of the token's customer.</summary>
    public async Task<IResult> ResultAsync(HttpContext http, string job)
    {
        if (PollingCursor.Of(http.Request.Query) is not { } cursor)
        {
            return Problems.MalformedPolling;
        }

        var caller = http.GetCaller();
        if (limiter.Add(http, caller.Caller.Customer) is { } tooMany)
        {
            return tooMany;
        }

        // Of the body only a token counts, but it must be readable.
        if (!(await payloads.ReadAsync(http)).TryGet(out _, out var problem))
        {
            return problem;
        }

        if (!JobId.IsValid(job))
        {
            return Problems.NoSuchJob;
        }

        var request = new JobRequest(caller.Caller.Customer, job, caller);
        using var wait = await backend.AttachAsync(request, DeadlinesOf(caller.Arrival, cursor.Timeout), http.RequestAborted);
        return Answer(http.Request, await wait.EndAsync(http.RequestAborted), job, caller.Caller, PollingLinks.Path(job), cursor);
    }

    /// <summary>Waits for a job that was called by its task's secret, for a caller with the job's own secret.</summary>
    public async Task<IResult> ResultWithSecretAsync(HttpContext http, string job, string secret)
    {
        var arrival = new Deadline(timeProvider, _waiting.Maximum);
        if (PollingCursor.Of(http.Request.Query) is not { } cursor)
        {
            return Problems.MalformedPolling;
        }

        if (!JobId.IsValid(job) || JobSecret.CustomerOf(secret) is not { } customer)
        {
            return Problems.NoSuchJob;
        }

        if (limiter.AddByJobSecret(http, customer) is { } tooMany)
        {
            return tooMany;
        }

        using var wait = await hub.AttachAsync(
            JobKey.Of(customer, job), access => JobSecret.Matches(secret, access), DeadlinesOf(arrival, cursor.Timeout), http.RequestAborted);
        if (wait.Result is WaitResult.Forbidden)
        {
            return Problems.NoSuchJob;
        }

        return (wait.IsPermitted ? limiter.ConfirmJobSecret(http, customer) : null)
            ?? Answer(http.Request, await wait.EndAsync(http.RequestAborted), job, caller: null, PollingLinks.PathWithSecret(job, secret), cursor);
    }

    private WaitDeadlines DeadlinesOf(Deadline arrival, TimeSpan wished) =>
        _waiting.DeadlinesOf(arrival, wished < _waiting.Maximum ? wished : _waiting.Maximum);

    private async Task<IResult> CreateAsync(
        HttpContext http, string customer, string? taskInPath, AuthenticatedCaller? caller, string? secret, Deadline arrival)
    {
        var deadlines = DeadlinesOf(arrival, StartTime);
        if (!(await ReadAsync(http, taskInPath)).TryGet(out var payload, out var problem)
            || !TaskOf(http.Request.Query, taskInPath, customer, payload).TryGet(out var task, out problem)
            || !TaskInvocation.Create(http.Request, customer, task, payload, caller, secret).TryGet(out var invocation, out problem))
        {
            return problem;
        }

        if (taskInPath is null)
        {
            http.Features.Set(new AuditedTask(task));
        }

        return await StartAsync(http, invocation, deadlines);
    }

    private async Task<IResult> StartAsync(HttpContext http, TaskInvocation invocation, WaitDeadlines deadlines)
    {
        var allocation = await backend.AllocateAsync(invocation, deadlines.Start, http.RequestAborted);
        if (allocation is Allocation.Refused refused)
        {
            return failures.Answer(http, invocation, refused.Problem);
        }

        limiter.ConfirmSecret(http, invocation);
        if (allocation is Allocation.Known known)
        {
            return Created(http, invocation, known.JobId, new WaitResult.Replied(known.Reply), document: default);
        }

        var allocated = (Allocation.Allocated)allocation;
        using var wait = await backend.SubmitAsync(
            allocated, invocation.Caller?.Token, deadlines with { End = deadlines.Start }, http.RequestAborted);
        wait.Detach();
        return Created(http, invocation, allocated.Spec.JobId, wait.Result, DocumentOf(allocated, invocation));
    }

    private ReadOnlyMemory<byte> DocumentOf(Allocation.Allocated job, TaskInvocation invocation) =>
        job.Document ?? backend.FormFor(invocation.Caller?.Caller).Of(JobDocument.OfNew(job.Spec));

    /// <summary>
    /// The arguments: a body with <c>wait_result</c> alone has none here, though it has one in the sync call. Nor has a body that only names the task, where
    /// the path does not.
    /// </summary>
    private async Task<Result<CallPayload>> ReadAsync(HttpContext http, string? taskInPath)
    {
        var read = await payloads.ReadAsync(http);
        return read.TryGet(out var payload, out _) && (taskInPath is null || payload.HasOnlyWaitResult) ? payload.WithoutAddress(http.Request.Query) : read;
    }

    /// <summary>The task of the path, or of the body, or of the query; a customer in the body must be the caller's.</summary>
    private static Result<string> TaskOf(IQueryCollection query, string? taskInPath, string customer, CallPayload payload)
    {
        if (taskInPath is not null)
        {
            return taskInPath;
        }

        if (payload.Customer is { Length: > 0 } named && named != customer)
        {
            return Problems.OtherCustomer;
        }

        return (payload.Task ?? query["task"].ToString()) is var task && TaskId.IsValid(task) ? task : Problems.NoTaskNamed;
    }

    /// <param name="http">The request.</param>
    /// <param name="invocation">The call.</param>
    /// <param name="jobId">Its job.</param>
    /// <param name="result">What came of starting the job; null if it goes on.</param>
    /// <param name="document">The document of a job that goes on.</param>
    private IResult Created(HttpContext http, TaskInvocation invocation, string jobId, WaitResult? result, ReadOnlyMemory<byte> document)
    {
        var path = invocation.JobSecret is { } secret ? PollingLinks.PathWithSecret(jobId, secret) : PollingLinks.Path(jobId);
        FinishedJob? ended = null;
        switch (result)
        {
            case null:
                break;
            case WaitResult.Replied { Reply: JobReply.Finished { Job: { Fault: null } job } }:
                ended = job;
                document = job.DocumentIn(backend.FormFor(invocation.Caller?.Caller));
                break;
            default:
                return JobResponse.ProblemOf(result, jobId, PollingLinks.OfProblem(path, http.Request));
        }

        return invocation.Payload.WaitResult || http.Request.Query["wait_result"] == "true"
            ? new SeeOther(jobId, PollingLinks.First(path, http.Request), document)
            : new JobResponse(jobId, StatusCodes.Status200OK, document) { Source = ended };
    }

    private IResult Answer(HttpRequest request, WaitResult result, string job, Caller? caller, string path, PollingCursor cursor)
    {
        var location = PollingLinks.OfProblem(path, request);
        return result switch
        {
            WaitResult.Replied { Reply: JobReply.Finished { Job: { Fault: null } finished } } =>
                PollingAnswer.Of(finished, job, backend.FormFor(caller), request.Query) ?? Problems.UnreadableDocument(job, location),
            WaitResult.TimedOut => cursor.Next is { } counter
                ? new SeeOther(job, PollingLinks.Next(path, request, counter), "{}"u8.ToArray())
                : Problems.LastPollEnded(job, location),
            _ => JobResponse.ProblemOf(result, job, location),
        };
    }
}
