using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Http;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Api.Polling;

/// <summary>
/// TheEye's newer dialect: a call is answered at once, by the job's document or by a redirect to where its answer will be, and whoever waits there is
/// redirected again and again until the job has ended or the row of waits is at its limit.
/// </summary>
internal sealed class PollingCallHandler(
    CallIntake calls,
    ITaskBackend backend,
    WaiterHub hub,
    JobSubmission submission,
    DefaultCustomer sole,
    IOptions<WaitingOptions> waiting,
    RequestLimiter callLimits,
    TimeProvider timeProvider)
{
    /// <summary>How long a job's start may take: longer than the cluster needs to replace a silo that died.</summary>
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    /// <summary>The last wait of a row has ended.</summary>
    public static Problem RowEnded(string jobId, string location) =>
        new(StatusCodes.Status408RequestTimeout, "The last wait has ended before the job, which goes on. Do not send the call again: ask for its result at the address in Location.")
        {
            JobId = jobId,
            Location = location,
            RetryAfter = Soon,
        };

    /// <summary>Starts a job for the bearer of a token.</summary>
    public async Task<IResult> CreateAsync(HttpContext http, string task)
    {
        var deadline = TimeOf(Start).Start;
        if (!TaskId.IsValid(task))
        {
            return JobLinks.NoSuchTask;
        }

        if (PollingCursor.Of(http.Request.Query) is null)
        {
            return PollingCursor.Malformed;
        }

        var intake = await calls.AdmitAsync(http, NamedCustomer(http.Request), Credential.User, callLimits.Call, ReadAsync, deadline);
        return intake.Refusal ?? await CreateAsync(
            http, new TaskInvocation(intake.Caller!.Customer, task, intake.Arguments!) { Caller = intake.Caller, Token = intake.Token }, deadline);
    }

    /// <summary>Starts a job for whoever knows the task's secret.</summary>
    public async Task<IResult> CreateWithSecretAsync(HttpContext http, string task, string secret)
    {
        var deadline = TimeOf(Start).Start;
        var customer = NamedCustomer(http.Request) ?? sole.Name;
        if (!CustomerName.IsValid(customer) || !TaskId.IsValid(task))
        {
            return SyncCallHandler.WrongSecret;
        }

        if (PollingCursor.Of(http.Request.Query) is null)
        {
            return PollingCursor.Malformed;
        }

        var intake = await calls.AdmitBySecretAsync(http, customer, task, secret, ReadAsync, deadline);
        return intake.Refusal ?? await CreateAsync(http, new TaskInvocation(customer, task, intake.Arguments!) { Secret = secret }, deadline);
    }

    /// <summary>Waits for a job of the token's customer.</summary>
    public async Task<IResult> ResultAsync(HttpContext http, string job)
    {
        if (PollingCursor.Of(http.Request.Query) is not { } polling)
        {
            return PollingCursor.Malformed;
        }

        var time = TimeOf(polling.Timeout);
        var intake = await calls.AdmitAsync(
            http, NamedCustomer(http.Request), Credential.Viewer, (waiting, _) => callLimits.Wait(waiting), ReadAsync, time.Start);
        if (intake.Refusal is { } refusal)
        {
            return refusal;
        }

        if (!JobId.IsValid(job))
        {
            return JobLinks.NoSuchJob;
        }

        var request = new JobRequest(intake.Caller!.Customer, job, intake.Caller, intake.Token!);
        return Answer(http.Request, await backend.AttachAsync(request, time, http.RequestAborted), job, PollingLinks.Path(job), polling);
    }

    /// <summary>Waits for a job that was called with its task's secret, for whoever knows the job's own.</summary>
    public async Task<IResult> ResultWithSecretAsync(HttpContext http, string job, string secret)
    {
        if (PollingCursor.Of(http.Request.Query) is not { } polling)
        {
            return PollingCursor.Malformed;
        }

        if (!JobId.IsValid(job) || JobSecret.CustomerOf(secret) is not { } customer)
        {
            return JobLinks.NoSuchJob;
        }

        if (callLimits.Wait(http) is { } tooMany)
        {
            return tooMany;
        }

        var end = await hub.AttachAsync(
            JobKey.Of(customer, job), access => JobSecret.Opens(secret, access), TimeOf(polling.Timeout), http.RequestAborted);
        return end is WaitResult.Forbidden ? JobLinks.NoSuchJob : Answer(http.Request, end, job, PollingLinks.PathWithSecret(job, secret), polling);
    }

    private static string? NamedCustomer(HttpRequest request) => request.Query["customer"].ToString() is { Length: > 0 } named ? named : null;

    private WaitDeadlines TimeOf(TimeSpan wished)
    {
        var wait = wished < waiting.Value.Maximum ? wished : waiting.Value.Maximum;
        return waiting.Value.TimeOf(new Deadline(timeProvider, wait), wait);
    }

    private async Task<CallPayload> ReadAsync(HttpContext http)
    {
        var query = http.Request.Query;
        return await calls.ReadAsync(http) switch
        {
            // No argument, as it would be elsewhere.
            CallPayload.Arguments { IsOnlyWaitResult: true } only => CallPayload.OfQuery(query, only.AccessToken) is CallPayload.Arguments ofQuery
                ? ofQuery with { WaitResult = true }
                : CallPayload.OfQuery(query, accessToken: null),
            var read => read,
        };
    }

    private async Task<IResult> CreateAsync(HttpContext http, TaskInvocation call, Deadline deadline)
    {
        if (!TaskInvocation.TryIdentify(http.Request, ref call, out var refusal))
        {
            return refusal;
        }

        var waits = call.Arguments.WaitResult || http.Request.Query["wait_result"] == "true";
        switch (await submission.AllocateAsync(http, call, deadline))
        {
            case Allocation.Allocated { Spec: var spec } allocated:
                return await submission.StartAsync(spec, call.Token, deadline, http.RequestAborted) switch
                {
                    null => Created(spec.JobId, allocated.Document ?? JobDocument.OfNew(spec)),
                    var end => Ended(spec.JobId, end),
                };
            case Allocation.Ended ended:
                return Ended(ended.JobId, new WaitResult.Finished(ended.Job));
            case Allocation.OtherCall other:
                return Ended(other.JobId, new WaitResult.OtherCall());
            case Allocation.Refused refused:
                return refused.Problem;
            default:
                throw new InvalidOperationException("A job is allocated, has ended, or there is none.");
        }

        string PathOf(string job) => call.JobSecret is { } secret ? PollingLinks.PathWithSecret(job, secret) : PollingLinks.Path(job);

        IResult Created(string job, ReadOnlyMemory<byte> document) => waits
            ? new SeeOther(job, PollingLinks.First(PathOf(job), http.Request), document)
            : new JobResponse(job, StatusCodes.Status200OK, document);

        IResult Ended(string job, WaitResult end) => end is WaitResult.Finished { Job: { Fault: null, Document: var document } }
            ? Created(job, document)
            : WaitAnswer.Of(end, job, default, PollingLinks.OfProblem(PathOf(job), http.Request));
    }

    private static IResult Answer(HttpRequest request, WaitResult end, string job, string path, PollingCursor polling)
    {
        var location = PollingLinks.OfProblem(path, request);
        return end switch
        {
            WaitResult.Finished { Job: { Fault: null } finished } =>
                PollingAnswer.Shape(job, finished.Document, finished.State, request.Query) ?? WaitAnswer.Unreadable(job, location),
            WaitResult.TimedOut => polling.Next is { } counter
                ? new SeeOther(job, PollingLinks.Next(path, request, counter), "{}"u8.ToArray())
                : RowEnded(job, location),
            WaitResult.Unavailable => ApiExceptionHandler.Unreachable,
            _ => WaitAnswer.Of(end, job, default, location),
        };
    }
}
