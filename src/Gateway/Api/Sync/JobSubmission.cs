using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Api.Sync;

/// <summary>Has jobs made and submits them, and has their backend see to those that were perhaps not submitted after all.</summary>
internal sealed class JobSubmission(WaiterHub hub, ITaskBackend backend, RequestLimiter callLimits)
{
    public static Problem RecordLost(string jobId) =>
        new(StatusCodes.Status502BadGateway, "The job was started, but the storage has lost its record.") { JobId = jobId };

    /// <summary>Has a call's job made, which does nothing yet.</summary>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public async Task<Allocation> AllocateAsync(HttpContext http, TaskInvocation call, Deadline deadline)
    {
        var allocation = await backend.AllocateAsync(call, deadline, http.RequestAborted);
        if (allocation is not Allocation.Refused)
        {
            callLimits.SecretWasRight(http, call);
        }

        return allocation;
    }

    /// <summary>Makes a job exist and waits for its end.</summary>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public Task<WaitResult> RunAsync(JobSpec spec, string? token, WaitDeadlines time, CancellationToken gone) =>
        SeeToAsync(spec, token, hub.SubmitAsync(spec, token, time, gone)!)!;

    /// <summary>Makes a job exist for which nobody waits yet. Null: it goes on.</summary>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public Task<WaitResult?> StartAsync(JobSpec spec, string? token, Deadline deadline, CancellationToken gone) =>
        SeeToAsync(spec, token, hub.StartAsync(spec, token, deadline, gone));

    private async Task<WaitResult?> SeeToAsync(JobSpec spec, string? token, Task<WaitResult?> submission)
    {
        WaitResult? end = new WaitResult.Unknown();
        try
        {
            end = await submission;
            return end is WaitResult.NotFound ? new WaitResult.Refused(RecordLost(spec.JobId)) : end;
        }
        finally
        {
            switch (end)
            {
                case WaitResult.Unknown:
                    backend.EndUnlessSubmitted(spec, token);
                    break;
                case WaitResult.Unavailable or WaitResult.QueueFull or WaitResult.OverLimit or WaitResult.StorageFull:

                // Whoever gave it up has perhaps died before its key was free again.
                case WaitResult.Finished { Job.Fault: { } fault } when fault == ServerOutcomes.NeverSubmitted.Fault:
                    backend.EndUnrun(spec, token);
                    break;
            }
        }
    }
}
