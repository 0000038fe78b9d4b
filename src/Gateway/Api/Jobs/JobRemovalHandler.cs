using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Auth;
using SyncCluster.Jobs;
using SyncCluster.Jobs.Listing;
using SyncCluster.Json;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Api.Jobs;

/// <summary>Removes jobs of this cluster, for administrators: access lists do not count.</summary>
internal sealed class JobRemovalHandler(IGrainFactory grains, TimeProvider timeProvider)
{
    private const int RemovalsAtOnce = 16;
    private const string CallerParameter = "caller";

    public async Task<IResult> RemoveAsync(string customer, string job)
    {
        if (!JobId.IsValid(job))
        {
            return Problems.NoSuchJob;
        }

        var removal = await grains.GetJob(JobKey.Of(customer, job)).Remove();
        return Problems.Of(removal, job, JobLinks.Result(customer, job), timeProvider.GetUtcNow()) is { } problem
            ? problem
            : TypedResults.NoContent();
    }

    /// <summary>Removes a task's ended jobs but those of just now; with <c>lifecycle[]=ready</c> also those that wait, which it cancels.</summary>
    public Task<IResult> RemoveOfTaskAsync(HttpContext http, string customer, string task) =>
        TaskId.IsValid(task) ? RemoveAllAsync(http, customer, task) : Task.FromResult<IResult>(Problems.NoSuchTask);

    /// <summary>The same of the user that the request names.</summary>
    public Task<IResult> RemoveOfCallerAsync(HttpContext http, string customer) => http.Request.Query.ContainsKey(CallerParameter)
        ? RemoveAllAsync(http, customer, task: null)
        : Task.FromResult<IResult>(Problems.BadCaller);

    private async Task<IResult> RemoveAllAsync(HttpContext http, string customer, string? task)
    {
        var lifecycles = http.Request.Query
            .Where(given => given.Key is "lifecycle" or "lifecycle[]")
            .SelectMany(given => given.Value.OfType<string>())
            .ToArray();
        if (lifecycles.Any(lifecycle => lifecycle != "ready" && !JobQuery.Ended.Any(ended => ended.WireName() == lifecycle)))
        {
            return Problems.BadRemoval;
        }

        var callers = http.Request.Query[CallerParameter];
        if (callers is not ([] or [{ Length: > 0 }]))
        {
            return Problems.BadCaller;
        }

        var withWaiting = lifecycles.Contains("ready");
        var query = new JobQuery
        {
            Viewer = http.GetCaller().Caller.Viewer,
            Tasks = task is null ? null : [task],
            Callers = callers is [{ } caller] ? [caller] : null,
            Lifecycles = withWaiting ? [.. JobQuery.Ended, Lifecycle.Ready] : JobQuery.Ended,
            Limit = Lists.JobListRequest.MaxLimit,
        };
        var removed = 0;
        do
        {
            if (await grains.GetGrainByKey<IJobListGrain>(customer).Find(query) is not { } page)
            {
                return Problems.Unreachable;
            }

            await Parallel.ForEachAsync(
                page.Jobs.Select(job => JobDocumentReader.Find(job)?.ToJob()?.Id).OfType<string>(),
                new ParallelOptions { MaxDegreeOfParallelism = RemovalsAtOnce, CancellationToken = http.RequestAborted },
                async (job, _) =>
                {
                    var grain = grains.GetJob(JobKey.Of(customer, job));
                    if (await (withWaiting ? grain.CancelAndRemove() : grain.Remove()) is Removal.Removed)
                    {
                        Interlocked.Increment(ref removed);
                    }
                });
            query = query with { After = page.Next };
        }
        while (query.After is not null);
        return new JsonBytes(StatusCodes.Status200OK, JsonText.Write(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("deletedCount", removed);
            json.WriteEndObject();
        }));
    }
}
