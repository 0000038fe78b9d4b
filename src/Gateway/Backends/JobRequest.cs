using SyncCluster.Gateway.Auth;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Backends;

/// <summary>A request for a job.</summary>
/// <param name="Customer">The job's customer.</param>
/// <param name="Job">Its id.</param>
/// <param name="Caller">Who asks; null if the request has shown the job's secret.</param>
internal sealed record JobRequest(string Customer, string Job, AuthenticatedCaller? Caller)
{
    /// <summary>The job's <see cref="JobKey"/>.</summary>
    public string Key => JobKey.Of(Customer, Job);

    /// <summary>Whether the job's access list allows the caller.</summary>
    public bool MayShow(JobAccess access) => Caller is not { } caller || caller.Caller.IsAllowedBy(access.Acl);
}
