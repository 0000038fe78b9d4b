using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Api.Events;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Api.Sync;

/// <summary>Runs a task and answers when its job has ended: the sync call.</summary>
internal sealed class SyncCallHandler(
    ITaskBackend backend,
    CallPayloadReader payloads,
    RequestLimiter limiter,
    FailedAuthentications failures,
    JobAttachHandler attach,
    JobWaitAnswerer answerer,
    IOptions<WaitingOptions> waiting,
    TimeProvider timeProvider)
{
    private readonly WaitingOptions _waiting = waiting.Value;

    /// <summary>A call by a token, which <see cref="CredentialCheck"/> has accepted.</summary>
    /// <param name="http">The request.</param>
    /// <param name="customer">The task's customer.</param>
    /// <param name="task">The task's id.</param>
    /// <param name="restart">The job that the call runs again; null for any other call.</param>
    public Task<IResult> RunAsync(HttpContext http, string customer, string task, JobRestart? restart = null)
    {
        if (!TaskId.IsValid(task))
        {
            return Task.FromResult<IResult>(Problems.NoSuchTask);
        }

        if (EventCursor.Of(http.Request) is { Job: not null } position)
        {
            return attach.ResumeAsync(http, customer, task, position);
        }

        var caller = http.GetCaller();
        return limiter.Add(http, customer) is { } refusal
            ? Task.FromResult<IResult>(refusal)
            : RunAsync(http, customer, task, caller, secret: null, restart, caller.Arrival);
    }

    /// <summary>A call by the task's secret. The answer does not say whether the task or its secret is wrong.</summary>
    public async Task<IResult> RunWithSecretAsync(HttpContext http, string customer, string task, string secret)
    {
        var arrival = new Deadline(timeProvider, _waiting.Maximum);
        if (!CustomerName.IsValid(customer) || !TaskId.IsValid(task))
        {
            return failures.Answer(http, Problems.WrongSecret);
        }

        if (await backend.CheckSecretAsync(customer, task, secret, arrival, http.RequestAborted) is { } refusal)
        {
            return failures.Answer(http, refusal);
        }

        // The task's secret does not show its jobs: each of them has a secret of its own.
        var isResumption = EventCursor.Of(http.Request).Job is not null;
        return (isResumption ? Problems.ResumeAtEvents : null)
            ?? limiter.AddCallBySecret(http, customer)
            ?? await RunAsync(http, customer, task, caller: null, secret, restart: null, arrival);
    }

    /// <summary>A call by the task's secret on a path that names no task: the query or the body names the customer and the task.</summary>
    public async Task<IResult> RunNamedWithSecretAsync(HttpContext http, string secret)
    {
        var customer = CustomerInQuery.Of(http.Request.Query) ?? "";
        var task = http.Request.Query["task"].ToString();
        if (customer.Length == 0 || task.Length == 0)
        {
            if (!(await payloads.ReadAsync(http)).TryGet(out var read, out var problem)
                || !read.WithoutAddress(http.Request.Query).TryGet(out var payload, out problem))
            {
                return problem;
            }

            http.Features.Set(payload);
            customer = customer.Length > 0 ? customer : payload.Customer ?? "";
            task = task.Length > 0 ? task : payload.Task ?? "";
            http.Features.Set(new AuditedTask(task) { Customer = customer });
        }

        return await RunWithSecretAsync(http, customer, task, secret);
    }

    /// <summary>The call, once its caller is known and within the limits.</summary>
    private async Task<IResult> RunAsync(
        HttpContext http, string customer, string task, AuthenticatedCaller? caller, string? secret, JobRestart? restart, Deadline arrival)
    {
        JobWait wait;
        JobRequest job;
        WaitPreferences preferences;
        string location;

        // Most of what only the submission needs is local to a block, and the compiler clears it there: a request that waits should hold little.
        {
            // Read.
            if (!(await payloads.ReadAsync(http)).TryGet(out var payload, out var problem))
            {
                return problem;
            }

            preferences = WaitPreferences.Of(http.Request, _waiting, customer, task, arrival, SseWriter.IsRequested(http.Request));
            if (!TaskInvocation.Create(http.Request, customer, task, payload, caller, secret, restart).TryGet(out var invocation, out problem))
            {
                return problem;
            }

            if (WaitPreferences.CancelsOnDisconnect(http.Request))
            {
                invocation = invocation with { CallerWaitsUntil = timeProvider.GetUtcNow() + preferences.Deadlines.End.Remaining };
            }

            // Bind, allocate and submit: once more if the task is not as it was for an earlier call.
            var submission = await SubmitAsync(http, invocation with { AllowsKnownTask = true }, preferences.Deadlines);
            if (submission.TryGet(out var submitted, out _) && submitted.Wait.Result is WaitResult.TaskChanged changed)
            {
                submitted.Wait.Dispose();
                submission = await SubmitAgainAsync(http, invocation with { JobId = submitted.JobId }, changed, preferences.Deadlines);
            }

            if (!submission.TryGet(out submitted, out problem))
            {
                return failures.Answer(http, invocation, problem);
            }

            wait = submitted.Wait;
            job = new JobRequest(customer, submitted.JobId, caller);
            location = invocation.JobSecret is { } jobSecret
                ? JobLinks.ResultWithSecret(job.Job, jobSecret, preferences.Flags)
                : JobLinks.Result(customer, job.Job, preferences.Flags);
        }

        // Wait and answer.
        return await answerer.AnswerAsync(http, wait, job, preferences, location, from: default);
    }

    private async Task<Result<SubmittedJob>> SubmitAsync(HttpContext http, TaskInvocation invocation, WaitDeadlines deadlines)
    {
        var allocation = await backend.AllocateAsync(invocation, deadlines.Start, http.RequestAborted);
        if (allocation is Allocation.Refused refused)
        {
            return refused.Problem;
        }

        limiter.ConfirmSecret(http, invocation);
        return allocation switch
        {
            Allocation.Allocated allocated => new SubmittedJob(
                allocated.Spec.JobId, await backend.SubmitAsync(allocated, invocation.Caller?.Token, deadlines, http.RequestAborted)),
            Allocation.Known known => new SubmittedJob(known.JobId, new JobWait(new WaitResult.Replied(known.Reply))),
            _ => throw new InvalidOperationException("A job is allocated, known or refused."),
        };
    }

    /// <summary>Submits a job whose task was not as it was known. If the job may have started all the same, it is not said that it has not.</summary>
    private async Task<Result<SubmittedJob>> SubmitAgainAsync(
        HttpContext http, TaskInvocation invocation, WaitResult.TaskChanged changed, WaitDeadlines deadlines)
    {
        try
        {
            var again = await SubmitAsync(http, invocation, deadlines);
            if (!changed.MayHaveStarted || (again.TryGet(out var submitted, out _) && submitted.Wait.Result is not WaitResult.Replied { Reply.IsRefusal: true }))
            {
                return again;
            }

            submitted?.Wait.Dispose();
            return Unknown();
        }
        catch (Exception fault) when (changed.MayHaveStarted && fault.IsClusterFault() && !http.RequestAborted.IsCancellationRequested)
        {
            return Unknown();
        }

        SubmittedJob Unknown() => new(invocation.JobId!, new JobWait(new WaitResult.Unknown()));
    }

    private sealed record SubmittedJob(string JobId, JobWait Wait);
}
