namespace SyncCluster.Jobs;

/// <summary>The key of a job's grain: <c>customer/jobId</c>.</summary>
public static class JobKey
{
    public static string Of(string customer, string jobId) => $"{customer}/{jobId}";
}
