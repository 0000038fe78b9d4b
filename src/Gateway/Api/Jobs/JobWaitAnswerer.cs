using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Api.Events;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Http;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Api.Jobs;

/// <summary>Waits for a job and answers, however the wait ends: the last part of a sync call, and all of an attach.</summary>
internal sealed class JobWaitAnswerer(
    ITaskBackend backend,
    ITokenValidator tokens,
    IGrainFactory grains,
    PacedWriter writer,
    IOptions<FollowingOptions> following,
    TimeProvider timeProvider)
{
    /// <param name="http">The request.</param>
    /// <param name="wait">Its wait for the job; it is disposed of here.</param>
    /// <param name="request">The job.</param>
    /// <param name="preferences">How long to wait, and what of the job is wanted.</param>
    /// <param name="location">The address of the job's result.</param>
    /// <param name="from">Where its events begin, if the job is told live.</param>
    public async Task<IResult> AnswerAsync(
        HttpContext http, JobWait wait, JobRequest request, WaitPreferences preferences, string location, EventCursor from)
    {
        var form = backend.FormFor(request.Caller?.Caller);
        if (preferences.IsStreamed && wait.Result is null or WaitResult.Replied { Reply: JobReply.Finished { Job.IsRemoved: false } })
        {
            preferences.WriteApplied(http.Response.Headers, isAsync: false);
            return new JobEventStream(request, wait, preferences.Flags, form, location, from, tokens, grains, writer, following.Value, timeProvider);
        }

        using (wait)
        {
            var result = await wait.EndAsync(http.RequestAborted);
            var goesOn = preferences.RespondsAsync && result is WaitResult.TimedOut;
            preferences.WriteApplied(http.Response.Headers, goesOn);
            return goesOn
                ? JobResponse.GoesOn(request.Job, await DocumentSoFarAsync(request, http.RequestAborted), location)
                : JobResponse.Of(result, request.Job, preferences.Flags, form, location);
        }
    }

    /// <summary>The document so far of a job that the caller has waited for; if it can't be read, little more than the job's id.</summary>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    private async Task<ReadOnlyMemory<byte>> DocumentSoFarAsync(JobRequest request, CancellationToken aborted)
    {
        try
        {
            if ((await backend.ReadAsync(request, aborted)).TryGet(out var view, out _))
            {
                return view.Document;
            }
        }
        catch (Exception fault) when (fault.IsClusterFault() && !aborted.IsCancellationRequested)
        {
            // The job exists, and the caller must hear that.
        }

        return JsonText.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("id", request.Job);
            json.WriteString("customer_name", request.Customer);
            json.WriteEndObject();
        });
    }
}
