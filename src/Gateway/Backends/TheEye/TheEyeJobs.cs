using SyncCluster.Gateway.Auth;
using SyncCluster.Jobs;
using SyncCluster.Tasks;
using SyncCluster.Telemetry;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>What this cluster stores of TheEye's jobs.</summary>
internal static class TheEyeJobs
{
    /// <param name="customer">The job's customer.</param>
    /// <param name="jobId">The job's id.</param>
    /// <param name="caller">Who asks for it; null with a secret.</param>
    /// <param name="origin">Who releases it.</param>
    /// <param name="now">The time.</param>
    public static JobSpec SpecOf(string customer, string jobId, Caller? caller, JobOrigin origin, DateTimeOffset now) => new()
    {
        JobId = jobId,
        Customer = customer,
        TaskId = "",
        TaskName = "",
        Type = TaskType.Script,

        // TheEye has them.
        Arguments = "[]"u8.ToArray(),
        User = caller?.User ?? new JobUser("secret", ""),

        // The stored answer outlives TheEye's document: then the caller and administrators may have it.
        Acl = [caller?.Email is { Length: > 0 } email ? email : nameof(Credential.Admin)],
        CreatedAt = now,
        Origin = origin,
        TraceParent = ServerTraces.CurrentParent,
        TraceState = ServerTraces.CurrentState,
    };

    /// <summary>The reply for a job that TheEye says has ended.</summary>
    public static JobReply.Finished Finished(string customer, string jobId, (Lifecycle Lifecycle, JobState State) end, byte[] document) =>
        new(new FinishedJob(JobKey.Of(customer, jobId), end.Lifecycle, end.State, document, new JobAccess([], true, null)));
}
