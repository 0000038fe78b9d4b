using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Api.Events;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Http;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Api.Sync;

/// <summary>The calls that run a task and wait for its job.</summary>
internal sealed class SyncCallHandler(
    AccessTokenAuthenticator gate,
    CallIntake calls,
    ITaskBackend backend,
    JobSubmission submission,
    WaiterHub hub,
    IOptions<WaitingOptions> waiting,
    IOptions<FollowingOptions> following,
    IGrainFactory grains,
    RequestLimiter callLimits,
    TimeProvider timeProvider)
{
    private readonly WaitingOptions _waiting = waiting.Value;

    public static Problem WrongSecret { get; } = new(StatusCodes.Status401Unauthorized, "The task or its secret is wrong.");

    /// <summary>Runs a task for the bearer of a token.</summary>
    public Task<IResult> RunAsync(HttpContext http, string customer, string task) =>
        TaskId.IsValid(task) ? RunAsync(http, customer, task, null) : Task.FromResult<IResult>(JobLinks.NoSuchTask);

    /// <summary>Runs a task for whoever knows its secret. What is wrong, the task or its secret, is not told.</summary>
    public Task<IResult> RunWithSecretAsync(HttpContext http, string customer, string task, string secret) =>
        CustomerName.IsValid(customer) && TaskId.IsValid(task) ? RunAsync(http, customer, task, secret) : Task.FromResult<IResult>(WrongSecret);

    /// <summary>Waits for a job of the token's customer.</summary>
    /// <param name="http">The request.</param>
    /// <param name="customer">Whose job it is.</param>
    /// <param name="job">Its id.</param>
    /// <param name="isFollowed">Whether it is told live.</param>
    public async Task<IResult> AttachAsync(HttpContext http, string customer, string job, bool isFollowed)
    {
        var deadline = new Deadline(timeProvider, _waiting.Maximum);
        var admission = await gate.AuthenticateAsync(http.Request, null, customer, Credential.Viewer, deadline);
        if (admission is not { Caller: { } caller })
        {
            return admission.Refusal!;
        }

        if (!JobId.IsValid(job))
        {
            return JobLinks.NoSuchJob;
        }

        if (callLimits.Wait(http) is { } tooMany)
        {
            return tooMany;
        }

        var terms = WaitPreferences.Of(http.Request, _waiting, customer, null, deadline, isFollowed);
        var request = new JobRequest(customer, job, caller, admission.Token!);
        return await WaitAsync(http, request, terms, JobLinks.Of(customer, job, terms.Flags), async time =>
            Attached(await backend.AttachAsync(request, time, http.RequestAborted)));
    }

    /// <summary>Waits for a job that was called with its task's secret, for whoever knows the job's own.</summary>
    /// <param name="http">The request.</param>
    /// <param name="job">The job's id.</param>
    /// <param name="secret">Its secret.</param>
    /// <param name="isFollowed">Whether it is told live.</param>
    public async Task<IResult> AttachWithSecretAsync(HttpContext http, string job, string secret, bool isFollowed)
    {
        var deadline = new Deadline(timeProvider, _waiting.Maximum);
        if (!JobId.IsValid(job) || JobSecret.CustomerOf(secret) is not { } customer)
        {
            return JobLinks.NoSuchJob;
        }

        if (callLimits.Wait(http) is { } tooMany)
        {
            return tooMany;
        }

        var request = new JobRequest(customer, job, null, null);
        var terms = WaitPreferences.Of(http.Request, _waiting, customer, null, deadline, isFollowed);
        return await WaitAsync(http, request, terms, JobLinks.WithSecret(job, secret, terms.Flags), async time => Attached(
            await hub.AttachAsync(request.Key, access => JobSecret.Opens(secret, access), time, http.RequestAborted) switch
            {
                WaitResult.Forbidden => new WaitResult.NotFound(),
                var end => end,
            }));
    }

    /// <summary>Whether a job that can't be asked for has run is not known: only of a new one it is.</summary>
    private static WaitResult Attached(WaitResult end) => end is WaitResult.Unavailable ? new WaitResult.Refused(ApiExceptionHandler.Unreachable) : end;

    private async Task<IResult> RunAsync(HttpContext http, string customer, string task, string? secret)
    {
        var arrival = new Deadline(timeProvider, _waiting.Maximum);
        var intake = secret is null
            ? await calls.AdmitAsync(http, customer, Credential.User, callLimits.Call, calls.ReadAsync, arrival)
            : await calls.AdmitBySecretAsync(http, customer, task, secret, calls.ReadAsync, arrival);
        if (intake.Refusal is { } early)
        {
            return early;
        }

        var terms = WaitPreferences.Of(http.Request, _waiting, customer, task, arrival, isFollowed: SseWriter.IsWanted(http.Request));
        var call = new TaskInvocation(customer, task, intake.Arguments!) { Caller = intake.Caller, Token = intake.Token, Secret = secret };
        var (refusal, request, location, wait) = await AllocateAsync(http, call, terms);
        return refusal ?? await WaitAsync(http, request!, terms, location!, wait!);
    }

    /// <summary>Has a call's job made. Why it is refused; null where it is not, and then there is all the rest: a job, its address, and how its end is waited for.</summary>
    private async Task<(Problem? Refusal, JobRequest? Request, string? Location, Func<WaitDeadlines, Task<WaitResult>>? Wait)> AllocateAsync(
        HttpContext http, TaskInvocation call, WaitPreferences terms)
    {
        if (!TaskInvocation.TryIdentify(http.Request, ref call, out var refusal))
        {
            return Refused(refusal);
        }

        if (TaskInvocation.IsToCancelOnDisconnect(http.Request))
        {
            call = call with { CallerWaitsUntil = timeProvider.GetUtcNow() + terms.Time.End.Remaining };
        }

        return await submission.AllocateAsync(http, call, terms.Time.Start) switch
        {
            Allocation.Allocated { Spec: var spec } => Made(spec.JobId, Running(spec, call.Token, http.RequestAborted)),
            Allocation.Ended ended => Made(ended.JobId, Known(new WaitResult.Finished(ended.Job))),
            Allocation.OtherCall other => Made(other.JobId, Known(new WaitResult.OtherCall())),
            Allocation.Refused refused => Refused(refused.Problem),
            _ => throw new InvalidOperationException("A job is allocated, has ended, or there is none."),
        };

        static (Problem?, JobRequest?, string?, Func<WaitDeadlines, Task<WaitResult>>?) Refused(Problem refusal) => (refusal, null, null, null);

        static Func<WaitDeadlines, Task<WaitResult>> Known(WaitResult end) => _ => Task.FromResult(end);

        (Problem?, JobRequest?, string?, Func<WaitDeadlines, Task<WaitResult>>?) Made(string job, Func<WaitDeadlines, Task<WaitResult>> wait) => (
            null,
            new JobRequest(call.Customer, job, call.Caller, call.Token),
            call.JobSecret is { } secret ? JobLinks.WithSecret(job, secret, terms.Flags) : JobLinks.Of(call.Customer, job, terms.Flags),
            wait);
    }

    private Func<WaitDeadlines, Task<WaitResult>> Running(JobSpec spec, string? token, CancellationToken gone) =>
        time => submission.RunAsync(spec, token, time, gone);

    /// <summary>Waits for a job, and answers however the wait ends.</summary>
    private async Task<IResult> WaitAsync(HttpContext http, JobRequest request, WaitPreferences terms, string location, Func<WaitDeadlines, Task<WaitResult>> wait)
    {
        if (terms.IsFollowed)
        {
            return await FollowAsync(http, request, terms, location, wait);
        }

        var end = await wait(terms.Time);
        var goesOn = terms.RespondsAsync && end is WaitResult.TimedOut;
        terms.Tell(http.Response.Headers, goesOn);
        return goesOn
            ? WaitAnswer.GoesOn(request.Job, await backend.SoFarAsync(request, http.RequestAborted), location)
            : WaitAnswer.Of(end, request.Job, terms.Flags, location);
    }

    /// <summary>Tells a job live, once there is one: what is refused before is answered as to anybody else.</summary>
    private async Task<IResult> FollowAsync(HttpContext http, JobRequest request, WaitPreferences terms, string location, Func<WaitDeadlines, Task<WaitResult>> wait)
    {
        var goesOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = wait(terms.Time with { GoesOn = () => goesOn.TrySetResult() });
        await Task.WhenAny(waiting, goesOn.Task);
        terms.Tell(http.Response.Headers, isAsync: false);
        return goesOn.Task.IsCompleted || await waiting is WaitResult.Finished
            ? new JobEventStream(request, terms, location, waiting, grains, following.Value, timeProvider)
            : WaitAnswer.Of(await waiting, request.Job, terms.Flags, location);
    }
}
