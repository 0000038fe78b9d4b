using System.Text.Json.Serialization;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Jobs;

namespace SyncCluster.Silo.Operator;

/// <summary>An unfinished job as the operator's endpoints list it.</summary>
/// <param name="Customer">The customer that the job belongs to.</param>
/// <param name="Id">The job's id.</param>
/// <param name="TaskId">The task that the job runs.</param>
/// <param name="Lifecycle">The job's lifecycle, in TheEye's words.</param>
/// <param name="Age">Seconds since the call.</param>
/// <param name="Gateways">The number of gateways that wait for the job.</param>
internal sealed record ListedJob(string Customer, string Id, string TaskId, string Lifecycle, double Age, int Gateways)
{
    public static ListedJob Of(ActiveJob job, DateTimeOffset now) =>
        new(job.Customer, job.JobId, job.TaskId, job.Lifecycle.WireName(), Math.Round((now - job.CreatedAt).TotalSeconds, 3), job.Gateways);
}

[JsonSerializable(typeof(ListedJob[]))]
[JsonSerializable(typeof(PurgedJobs))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
internal sealed partial class OperatorJson : JsonSerializerContext;
