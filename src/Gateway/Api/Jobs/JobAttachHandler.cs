using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Api.Events;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Api.Jobs;

/// <summary>Waits for the answer of a job that exists, as its call does.</summary>
internal sealed class JobAttachHandler(
    ITaskBackend backend, WaiterHub hub, RequestLimiter limiter, JobWaitAnswerer answerer, IOptions<WaitingOptions> waiting, TimeProvider timeProvider)
{
    private readonly WaitingOptions _waiting = waiting.Value;

    /// <summary>For a caller with a token, which <see cref="CredentialCheck"/> has accepted.</summary>
    /// <param name="http">The request.</param>
    /// <param name="customer">The job's customer.</param>
    /// <param name="job">Its id.</param>
    /// <param name="isStreamed">Whether the job is told live.</param>
    public async Task<IResult> AttachAsync(HttpContext http, string customer, string job, bool isStreamed)
    {
        if (!JobId.IsValid(job))
        {
            return Problems.NoSuchJob;
        }

        var caller = http.GetCaller();
        if (limiter.Add(http, customer) is { } tooMany)
        {
            return tooMany;
        }

        var request = new JobRequest(customer, job, caller);
        var preferences = WaitPreferences.Of(http.Request, _waiting, customer, task: null, caller.Arrival, isStreamed);
        var wait = await backend.AttachAsync(request, preferences.Deadlines, http.RequestAborted);
        var location = JobLinks.Result(customer, job, preferences.Flags);
        return await answerer.AnswerAsync(http, wait, request, preferences, location, EventCursor.Of(http.Request).In(job));
    }

    /// <summary>
    /// For a call that is sent again with the id of an event, as event-source libraries do: it goes on with the job that the id names, and starts none.
    /// </summary>
    /// <param name="http">The call, whose caller <see cref="CredentialCheck"/> has accepted.</param>
    /// <param name="customer">The task's customer.</param>
    /// <param name="task">The task.</param>
    /// <param name="from">A position that names its job.</param>
    public async Task<IResult> ResumeAsync(HttpContext http, string customer, string task, EventCursor from)
    {
        var caller = http.GetCaller();
        if (limiter.Add(http, customer) is { } tooMany)
        {
            return tooMany;
        }

        var job = from.Job!;
        var request = new JobRequest(customer, job, caller);
        if (!(await backend.ReadAsync(request, http.RequestAborted)).TryGet(out var seen, out var problem))
        {
            return problem.Status is StatusCodes.Status403Forbidden or StatusCodes.Status404NotFound ? Problems.NothingToResume : problem;
        }

        if (!seen.IsOf(task))
        {
            return Problems.NothingToResume;
        }

        var preferences = WaitPreferences.Of(http.Request, _waiting, customer, task, caller.Arrival, SseWriter.IsRequested(http.Request));
        var wait = await backend.AttachAsync(request, preferences.Deadlines, http.RequestAborted);
        return await answerer.AnswerAsync(http, wait, request, preferences, JobLinks.Result(customer, job, preferences.Flags), from);
    }

    /// <summary>For a caller with the secret of the job, which was called by its task's secret.</summary>
    /// <param name="http">The request.</param>
    /// <param name="job">The job's id.</param>
    /// <param name="secret">Its secret.</param>
    /// <param name="isStreamed">Whether the job is told live.</param>
    public async Task<IResult> AttachWithSecretAsync(HttpContext http, string job, string secret, bool isStreamed)
    {
        var arrival = new Deadline(timeProvider, _waiting.Maximum);
        if (!JobId.IsValid(job) || JobSecret.CustomerOf(secret) is not { } customer)
        {
            return Problems.NoSuchJob;
        }

        if (limiter.AddByJobSecret(http, customer) is { } tooMany)
        {
            return tooMany;
        }

        var request = new JobRequest(customer, job, Caller: null);
        var preferences = WaitPreferences.Of(http.Request, _waiting, customer, task: null, arrival, isStreamed);
        var wait = await hub.AttachAsync(request.Key, access => JobSecret.Matches(secret, access), preferences.Deadlines, http.RequestAborted);
        if ((wait.Result is WaitResult.Forbidden ? Problems.NoSuchJob
            : wait.IsPermitted ? limiter.ConfirmJobSecret(http, customer)
            : null) is { } refusal)
        {
            wait.Dispose();
            return refusal;
        }

        var location = JobLinks.ResultWithSecret(job, secret, preferences.Flags);
        return await answerer.AnswerAsync(http, wait, request, preferences, location, EventCursor.Of(http.Request).In(job));
    }
}
