using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Following;
using SyncCluster.Gateway.Http;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Problems;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Jobs;

/// <summary>The calls that run a task and wait for its job.</summary>
internal sealed class JobCalls(
    Gate gate,
    CallIntake calls,
    ITaskBackend backend,
    JobSubmission submission,
    WaiterHub hub,
    IOptions<WaitingOptions> waiting,
    IOptions<FollowingOptions> following,
    IGrainFactory grains,
    CallLimits callLimits,
    TimeProvider timeProvider)
{
    private readonly WaitingOptions _waiting = waiting.Value;

    public static Problem WrongSecret { get; } = new(StatusCodes.Status401Unauthorized, "The task or its secret is wrong.");

    /// <summary>Runs a task for the bearer of a token.</summary>
    public async Task<IResult> RunAsync(HttpContext http, string customer, string task)
    {
        var deadline = new Deadline(timeProvider, _waiting.Maximum);
        if (!TaskId.IsValid(task))
        {
            return JobAddress.NoSuchTask;
        }

        var intake = await calls.AdmitAsync(http, customer, Credential.User, callLimits.Call, calls.ReadAsync, deadline);
        return intake.Refusal
            ?? await RunAsync(http, new TaskCall(customer, task, intake.Arguments!) { Caller = intake.Caller, Token = intake.Token }, deadline);
    }

    /// <summary>Runs a task for whoever knows its secret. What is wrong, the task or its secret, is not told.</summary>
    public async Task<IResult> RunWithSecretAsync(HttpContext http, string customer, string task, string secret)
    {
        var deadline = new Deadline(timeProvider, _waiting.Maximum);
        if (!CustomerName.IsValid(customer) || !TaskId.IsValid(task))
        {
            return WrongSecret;
        }

        var intake = await calls.AdmitBySecretAsync(http, customer, task, secret, calls.ReadAsync, deadline);
        return intake.Refusal ?? await RunAsync(http, new TaskCall(customer, task, intake.Arguments!) { Secret = secret }, deadline);
    }

    /// <summary>Waits for a job of the token's customer.</summary>
    /// <param name="http">The request.</param>
    /// <param name="customer">Whose job it is.</param>
    /// <param name="job">Its id.</param>
    /// <param name="isFollowed">Whether it is told live.</param>
    public async Task<IResult> AttachAsync(HttpContext http, string customer, string job, bool isFollowed)
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

        if (callLimits.Wait(http) is { } tooMany)
        {
            return tooMany;
        }

        var terms = WaitTerms.Of(http.Request, _waiting, customer, null, deadline, isFollowed);
        var request = new JobRequest(customer, job, caller, admission.Token!);
        return await WaitAsync(http, request, terms, JobAddress.Of(customer, job, terms.Flags), async time =>
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
            return JobAddress.NoSuchJob;
        }

        if (callLimits.Wait(http) is { } tooMany)
        {
            return tooMany;
        }

        var request = new JobRequest(customer, job, null, null);
        var terms = WaitTerms.Of(http.Request, _waiting, customer, null, deadline, isFollowed);
        return await WaitAsync(http, request, terms, JobAddress.WithSecret(job, secret, terms.Flags), async time => Attached(
            await hub.AttachAsync(request.Key, access => JobSecret.Opens(secret, access), time, http.RequestAborted) switch
            {
                WaitEnd.Forbidden => new WaitEnd.NotFound(),
                var end => end,
            }));
    }

    /// <summary>Whether a job that can't be asked for has run is not known: only of a new one it is.</summary>
    private static WaitEnd Attached(WaitEnd end) => end is WaitEnd.Unavailable ? new WaitEnd.Refused(ServerFault.Unreachable) : end;

    private async Task<IResult> RunAsync(HttpContext http, TaskCall call, Deadline arrival)
    {
        var terms = WaitTerms.Of(
            http.Request, _waiting, call.Customer, call.Task, arrival, isFollowed: EventStream.IsWanted(http.Request));
        if (!TaskCall.TryIdentify(http.Request, ref call, out var refusal))
        {
            return refusal;
        }

        if (TaskCall.IsToCancelOnDisconnect(http.Request))
        {
            call = call with { CallerWaitsUntil = timeProvider.GetUtcNow() + terms.Time.End.Remaining };
        }

        switch (await submission.AllocateAsync(http, call, terms.Time.Start))
        {
            case Allocation.Allocated { Spec: var spec }:
                return await AnswerAsync(spec.JobId, time => submission.RunAsync(spec, call.Token, time, http.RequestAborted));
            case Allocation.Ended ended:
                return await AnswerAsync(ended.JobId, _ => Task.FromResult<WaitEnd>(new WaitEnd.Finished(ended.Job)));
            case Allocation.OtherCall other:
                return await AnswerAsync(other.JobId, _ => Task.FromResult<WaitEnd>(new WaitEnd.OtherCall()));
            case Allocation.Refused refused:
                return refused.Problem;
            default:
                throw new InvalidOperationException("A job is allocated, has ended, or there is none.");
        }

        Task<IResult> AnswerAsync(string job, Func<WaitTime, Task<WaitEnd>> wait) => WaitAsync(
            http,
            new JobRequest(call.Customer, job, call.Caller, call.Token),
            terms,
            call.JobSecret is { } secret ? JobAddress.WithSecret(job, secret, terms.Flags) : JobAddress.Of(call.Customer, job, terms.Flags),
            wait);
    }

    /// <summary>Waits for a job, and answers however the wait ends.</summary>
    private async Task<IResult> WaitAsync(HttpContext http, JobRequest request, WaitTerms terms, string location, Func<WaitTime, Task<WaitEnd>> wait)
    {
        if (terms.IsFollowed)
        {
            return await FollowAsync(http, request, terms, location, wait);
        }

        var end = await wait(terms.Time);
        var goesOn = terms.RespondsAsync && end is WaitEnd.TimedOut;
        terms.Tell(http.Response.Headers, goesOn);
        return goesOn
            ? WaitAnswer.GoesOn(request.Job, await backend.SoFarAsync(request, http.RequestAborted), location)
            : WaitAnswer.Of(end, request.Job, terms.Flags, location);
    }

    /// <summary>Tells a job live, once there is one: what is refused before is answered as to anybody else.</summary>
    private async Task<IResult> FollowAsync(HttpContext http, JobRequest request, WaitTerms terms, string location, Func<WaitTime, Task<WaitEnd>> wait)
    {
        var goesOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = wait(terms.Time with { GoesOn = () => goesOn.TrySetResult() });
        await Task.WhenAny(waiting, goesOn.Task);
        terms.Tell(http.Response.Headers, isAsync: false);
        return goesOn.Task.IsCompleted || await waiting is WaitEnd.Finished
            ? new FollowedJob(request, terms, location, waiting, grains, following.Value, timeProvider)
            : WaitAnswer.Of(await waiting, request.Job, terms.Flags, location);
    }
}
