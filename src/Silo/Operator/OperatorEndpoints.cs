using Microsoft.AspNetCore.Http.HttpResults;
using StackExchange.Redis;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Hosting.Operator;
using SyncCluster.Jobs;
using SyncCluster.Overview;
using SyncCluster.Tasks;

namespace SyncCluster.Silo.Operator;

/// <summary>
/// Lists the unfinished jobs of a silo, terminates a job of the cluster, removes the ended jobs of a customer, and drains a silo.
/// </summary>
internal static class OperatorEndpoints
{
    private const int MaximumListed = 10_000;
    private const int MaximumPurged = 10_000;

    public static void MapOperator(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/jobs").AddEndpointFilter(OperatorToken.RequireAsync);
        jobs.MapGet("", List).WithMetadata(new AuditedAction("list", OperatorToken.CallerOf) { OnlyStatuses = AuditedAction.Refusals });
        jobs.MapPut("/{customer}/{job}/terminate", TerminateAsync).WithMetadata(new AuditedAction("terminate", OperatorToken.CallerOf));
        routes.MapPost("/drain", Drain).AddEndpointFilter(OperatorToken.RequireAsync).WithMetadata(new AuditedAction("drain", OperatorToken.CallerOf));
        routes.MapDelete("/customers/{customer}/jobs", PurgeAsync).AddEndpointFilter(OperatorToken.RequireAsync).WithMetadata(new AuditedAction("purge", OperatorToken.CallerOf));
    }

    /// <summary>The oldest job first.</summary>
    private static JsonHttpResult<ListedJob[]> List(ActiveJobs activeJobs, TimeProvider timeProvider, int limit = 100)
    {
        var now = timeProvider.GetUtcNow();
        return TypedResults.Json(
            activeJobs.Oldest(Math.Clamp(limit, 1, MaximumListed)).Select(job => ListedJob.Of(job, now)).ToArray(),
            OperatorJson.Default.ListedJobArray);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> TerminateAsync(string customer, string job, IGrainFactory grains)
    {
        if (!CustomerName.IsValid(customer) || !JobId.IsValid(job))
        {
            return NotFound;
        }

        return await grains.GetJob(JobKey.Of(customer, job)).Terminate() switch
        {
            Cancellation.Accepted => TypedResults.NoContent(),
            Cancellation.AlreadyEnded => TypedResults.Problem("The job has already ended.", statusCode: StatusCodes.Status409Conflict),
            Cancellation.NotFound => NotFound,
            _ => StorageUnreachable,
        };
    }

    private static Results<Accepted, ProblemHttpResult> Drain(SiloDrain drain) => drain.Begin() == DrainReply.IsLast
        ? TypedResults.Problem(
            "This is the only active silo: no other silo could run what it hands over. Start another one first, or stop the process.",
            statusCode: StatusCodes.Status409Conflict)
        : TypedResults.Accepted((string?)null);

    private static async Task<Results<JsonHttpResult<PurgedJobs>, ProblemHttpResult>> PurgeAsync(
        string customer, JobPurge purge, CancellationToken aborted, int limit = MaximumPurged, bool keys = false)
    {
        if (!CustomerName.IsValid(customer))
        {
            return TypedResults.Problem("This can't be a customer's name.", statusCode: StatusCodes.Status404NotFound);
        }

        try
        {
            return TypedResults.Json(
                await purge.PurgeAsync(customer, Math.Clamp(limit, 1, MaximumPurged), keys, aborted), OperatorJson.Default.PurgedJobs);
        }
        catch (Exception fault) when (fault is RedisException or RedisCommandException or TimeoutException)
        {
            return StorageUnreachable;
        }
    }

    private static ProblemHttpResult StorageUnreachable =>
        TypedResults.Problem("The storage can't be reached. Try again.", statusCode: StatusCodes.Status503ServiceUnavailable);

    private static ProblemHttpResult NotFound => TypedResults.Problem("There is no such job.", statusCode: StatusCodes.Status404NotFound);
}
