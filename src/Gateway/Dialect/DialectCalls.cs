using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Calls;
using SyncCluster.Gateway.Http;
using SyncCluster.Gateway.Jobs;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Problems;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Silo;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Dialect;

/// <summary>
/// TheEye's newer dialect: a call is answered at once, by the job's document or by a redirect to where its answer will be, and whoever waits there is
/// redirected again and again until the job has ended or the row of waits is at its limit.
/// </summary>
internal sealed class DialectCalls(
    Gate gate,
    ITaskBackend backend,
    WaiterHub hub,
    JobSubmission submission,
    SoleCustomer sole,
    IOptions<WaitingOptions> waiting,
    IOptions<RequestLimits> limits,
    CallLimits callLimits,
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
        var deadline = Within(Start);
        if (!TaskId.IsValid(task))
        {
            return JobAddress.NoSuchTask;
        }

        if (Polling.Of(http.Request.Query) is null)
        {
            return Polling.Malformed;
        }

        var (admission, arguments, refusal) = await AdmitAsync(http, Credential.User, callLimits.Call, deadline);
        return refusal ?? await CreateAsync(
            http, new TaskCall(admission.Caller!.Customer, task, arguments!) { Caller = admission.Caller, Token = admission.Token }, deadline);
    }

    /// <summary>Starts a job for whoever knows the task's secret.</summary>
    public async Task<IResult> CreateWithSecretAsync(HttpContext http, string task, string secret)
    {
        var deadline = Within(Start);
        var customer = NamedCustomer(http.Request) ?? sole.Name;
        if (!CustomerName.IsValid(customer) || !TaskId.IsValid(task))
        {
            return JobCalls.WrongSecret;
        }

        if (Polling.Of(http.Request.Query) is null)
        {
            return Polling.Malformed;
        }

        if (await backend.CheckSecretAsync(customer, task, secret, deadline, http.RequestAborted) is { } refusal)
        {
            return refusal;
        }

        if (callLimits.CallBySecret(http, customer) is { } tooMuch)
        {
            return tooMuch;
        }

        return await ReadAsync(http) switch
        {
            CallBody.Refused refused => new Problem(refused.Status, refused.Message),
            var read => await CreateAsync(http, new TaskCall(customer, task, (CallBody.Arguments)read) { Secret = secret }, deadline),
        };
    }

    /// <summary>Waits for a job of the token's customer.</summary>
    public async Task<IResult> ResultAsync(HttpContext http, string job)
    {
        if (Polling.Of(http.Request.Query) is not { } polling)
        {
            return Polling.Malformed;
        }

        var deadline = Within(polling.Timeout);
        var (admission, _, refusal) = await AdmitAsync(http, Credential.Viewer, (waiting, _) => callLimits.Wait(waiting), deadline);
        if (refusal is not null)
        {
            return refusal;
        }

        if (!JobId.IsValid(job))
        {
            return JobAddress.NoSuchJob;
        }

        var request = new JobRequest(admission.Caller!.Customer, job, admission.Caller, admission.Token!);
        return Answer(http.Request, await backend.AttachAsync(request, deadline, http.RequestAborted), job, PollingAddress.Path(job), polling);
    }

    /// <summary>Waits for a job that was called with its task's secret, for whoever knows the job's own.</summary>
    public async Task<IResult> ResultWithSecretAsync(HttpContext http, string job, string secret)
    {
        if (Polling.Of(http.Request.Query) is not { } polling)
        {
            return Polling.Malformed;
        }

        var dot = secret.LastIndexOf('.');
        if (!JobId.IsValid(job) || dot < 0 || !CustomerName.IsValid(secret[..dot]))
        {
            return JobAddress.NoSuchJob;
        }

        if (callLimits.Wait(http) is { } tooMany)
        {
            return tooMany;
        }

        var end = await hub.AttachAsync(
            JobKey.Of(secret[..dot], job),
            access => access.SecretHash is { } hash && Secret.Matches(secret, hash),
            Within(polling.Timeout),
            http.RequestAborted);
        return end is WaitEnd.Forbidden ? JobAddress.NoSuchJob : Answer(http.Request, end, job, PollingAddress.PathWithSecret(job, secret), polling);
    }

    private static string? NamedCustomer(HttpRequest request) => request.Query["customer"].ToString() is { Length: > 0 } named ? named : null;

    private Deadline Within(TimeSpan time) => new(timeProvider, time < waiting.Value.Maximum ? time : waiting.Value.Maximum);

    private async Task<CallBody> ReadAsync(HttpContext http)
    {
        var query = http.Request.Query;
        return CallBody.Read(http.Request.ContentType, await RequestBody.ReadAsync(http.Request, limits.Value.Body), query) switch
        {
            // No argument, as it would be elsewhere.
            CallBody.Arguments { IsOnlyWaitResult: true } only => CallBody.OfQuery(query, only.AccessToken) is CallBody.Arguments ofQuery
                ? ofQuery with { WaitResult = true }
                : CallBody.OfQuery(query, accessToken: null),
            var read => read,
        };
    }

    /// <summary>Who asks, and what the body says; or why that is refused. Who may not ask may not send much either: the body is read last.</summary>
    private async Task<(Admission Admission, CallBody.Arguments? Arguments, Problem? Refusal)> AdmitAsync(
        HttpContext http, Credential needed, Func<HttpContext, string, Problem?> limit, Deadline deadline)
    {
        var customer = NamedCustomer(http.Request);
        var admission = await gate.AdmitAsync(http.Request, null, customer, needed, deadline);
        if (admission is { Refusal: { } early, TokenGiven: true })
        {
            return (admission, null, early);
        }

        if (admission.Caller is { } known && limit(http, known.Customer) is { } tooMuch)
        {
            return (admission, null, tooMuch);
        }

        var read = await ReadAsync(http);
        if (read is CallBody.Refused refused)
        {
            return (admission, null, new Problem(refused.Status, refused.Message));
        }

        var arguments = (CallBody.Arguments)read;
        if (arguments.AccessToken is not null)
        {
            admission = await gate.AdmitAsync(http.Request, arguments.AccessToken, customer, needed, deadline);
            if (admission.Caller is { } late && limit(http, late.Customer) is { } lateTooMuch)
            {
                return (admission, null, lateTooMuch);
            }
        }

        return (admission, arguments, admission.Refusal);
    }

    private async Task<IResult> CreateAsync(HttpContext http, TaskCall call, Deadline deadline)
    {
        if (!TaskCall.TryIdentify(http.Request, ref call, out var refusal))
        {
            return refusal;
        }

        var waits = call.Arguments.WaitResult || http.Request.Query["wait_result"] == "true";
        var allocation = await backend.AllocateAsync(call, deadline, http.RequestAborted);
        if (allocation is not Allocation.Refused)
        {
            callLimits.SecretWasRight(http, call);
        }

        switch (allocation)
        {
            case Allocation.Allocated { Spec: var spec } allocated:
                return await submission.StartAsync(spec, call.Token, deadline, http.RequestAborted) switch
                {
                    null => Created(spec.JobId, allocated.Document ?? JobDocument.OfNew(spec)),
                    var end => Ended(spec.JobId, end),
                };
            case Allocation.Ended ended:
                return Ended(ended.JobId, new WaitEnd.Finished(ended.Job));
            case Allocation.OtherCall other:
                return Ended(other.JobId, new WaitEnd.OtherCall());
            case Allocation.Refused refused:
                return refused.Problem;
            default:
                throw new InvalidOperationException("A job is allocated, has ended, or there is none.");
        }

        string PathOf(string job) => call.JobSecret is { } secret ? PollingAddress.PathWithSecret(job, secret) : PollingAddress.Path(job);

        IResult Created(string job, ReadOnlyMemory<byte> document) => waits
            ? new SeeOther(job, PollingAddress.First(PathOf(job), http.Request), document)
            : new JobResponse(job, StatusCodes.Status200OK, document);

        IResult Ended(string job, WaitEnd end) => end is WaitEnd.Finished { Job: { Fault: null, Document: var document } }
            ? Created(job, document)
            : WaitAnswer.Of(end, job, default, PollingAddress.OfProblem(PathOf(job), http.Request));
    }

    private static IResult Answer(HttpRequest request, WaitEnd end, string job, string path, Polling polling)
    {
        var location = PollingAddress.OfProblem(path, request);
        return end switch
        {
            WaitEnd.Finished { Job: { Fault: null } finished } =>
                DialectAnswer.Shape(job, finished.Document, finished.State, request.Query) ?? WaitAnswer.Unreadable(job, location),
            WaitEnd.TimedOut => polling.Next is { } counter
                ? new SeeOther(job, PollingAddress.Next(path, request, counter), "{}"u8.ToArray())
                : RowEnded(job, location),
            WaitEnd.Unavailable => ServerFault.Unreachable,
            _ => WaitAnswer.Of(end, job, default, location),
        };
    }
}
