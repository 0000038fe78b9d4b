using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Api.Jobs;

/// <summary>
/// Cancels a job, and answers by the end that it then has. A job that runs is only told to stop: its script may have ended by itself already, and then
/// the job was not canceled.
/// </summary>
internal sealed class JobCancelHandler(ITaskBackend backend, IOptions<WaitingOptions> waiting)
{
    public async Task<IResult> CancelAsync(HttpContext http, string customer, string job)
    {
        if (!JobId.IsValid(job))
        {
            return Problems.NoSuchJob;
        }

        var caller = http.GetCaller();
        var request = new JobRequest(customer, job, caller);
        if (!(await backend.ReadAsync(request, http.RequestAborted)).TryGet(out var view, out var problem))
        {
            return problem;
        }

        var location = JobLinks.Result(customer, job);
        if (view.IsForAdministrators && caller.Caller.Credential < Credential.Admin)
        {
            return Problems.AdministratorsOnly(job, location);
        }

        if (view.HasEnded)
        {
            return Problems.JobHasEnded(job, location, view.Lifecycle);
        }

        if (await backend.CancelAsync(request, http.RequestAborted) is { } refusal)
        {
            return refusal;
        }

        var end = caller.Arrival.After(waiting.Value.CancelTime);
        using var wait = await backend.AttachAsync(request, new WaitDeadlines(end, end), http.RequestAborted);
        return await wait.EndAsync(http.RequestAborted) switch
        {
            WaitResult.Replied { Reply: JobReply.Finished { Job: { Fault: null } ended } } =>
                ended.Lifecycle is Lifecycle.Canceled or Lifecycle.Terminated
                    ? new JobResponse(job, StatusCodes.Status204NoContent, default)
                    : Problems.JobHasEnded(job, location, ended.Lifecycle.WireName()),
            WaitResult.TimedOut => Problems.StillStopping(job, location),
            var other => JobResponse.ProblemOf(other, job, location),
        };
    }
}
