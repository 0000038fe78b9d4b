using SyncCluster.Gateway.Api.Polling;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Requests;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Api.Jobs;

/// <summary>
/// Calls the task of an ended job again, with the same arguments or others. An ended job never changes: unlike at TheEye it is a new job, whose
/// document names the old one.
/// </summary>
internal sealed class JobRestartHandler(ITaskBackend backend, CallPayloadReader payloads, RequestLimiter limiter, PollingCallHandler calls)
{
    public async Task<IResult> RestartAsync(HttpContext http, string customer, string job)
    {
        if (!JobId.IsValid(job))
        {
            return Problems.NoSuchJob;
        }

        if (PollingCursor.Of(http.Request.Query) is null)
        {
            return Problems.MalformedPolling;
        }

        var caller = http.GetCaller();
        if (limiter.Add(http, customer) is { } tooMany)
        {
            return tooMany;
        }

        if (!(await payloads.ReadAsync(http)).TryGet(out var payload, out var problem)
            || !(await backend.ReadAsync(new JobRequest(customer, job, caller), http.RequestAborted)).TryGet(out var view, out problem))
        {
            return problem;
        }

        if (!view.HasEnded)
        {
            return Problems.JobHasNotEnded(job, JobLinks.Result(customer, job));
        }

        if (JobDocumentReader.Find(view.Document) is not { TaskId: { } task, Arguments: { } arguments })
        {
            return Problems.UnreadableDocument(job, JobLinks.Result(customer, job));
        }

        http.Features.Set(new AuditedTask(task));
        var isSame = !GivesArguments(http.Request.Query, payload);
        var restart = new JobRestart(job, isSame ? arguments.ToArray() : null);
        payload = isSame ? payload with { Arguments = arguments } : payload;
        return TaskInvocation.Create(http.Request, customer, task, payload, caller, secret: null, restart).TryGet(out var invocation, out problem)
            ? await calls.StartAsync(http, invocation, caller.Arrival)
            : problem;
    }

    private static bool GivesArguments(IQueryCollection query, CallPayload payload) => (!payload.IsOfQuery && !payload.HasOnlyAddress)
        || query.Keys.Any(name => name.StartsWith("task_arguments", StringComparison.Ordinal));
}
