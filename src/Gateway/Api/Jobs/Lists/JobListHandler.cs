using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Limits;
using SyncCluster.Jobs.Listing;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Api.Jobs.Lists;

/// <summary>Lists and counts the jobs of this cluster.</summary>
internal sealed class JobListHandler(IGrainFactory grains, RequestLimiter limiter)
{
    /// <summary>The jobs that the query asks for.</summary>
    public Task<IResult> ListAsync(HttpContext http, string customer) => ListAsync(http, customer, query => query);

    /// <summary>Those of them that have not ended.</summary>
    public Task<IResult> ListRunningAsync(HttpContext http, string customer) => ListAsync(http, customer, query => query with
    {
        Lifecycles = [.. JobQuery.Unfinished.Where(one => query.Lifecycles?.Contains(one) != false)],
    });

    /// <summary>How many of those each task has.</summary>
    public async Task<IResult> CountRunningAsync(HttpContext http, string customer)
    {
        var caller = http.GetCaller().Caller;
        if (limiter.Add(http, customer) is { } tooMany)
        {
            return tooMany;
        }

        var query = new JobQuery { Viewer = caller.Viewer, Lifecycles = JobQuery.Unfinished, Limit = int.MaxValue };
        if (await Of(customer).Count(query) is not { } counts)
        {
            return Problems.Unreachable;
        }

        return new JsonBytes(StatusCodes.Status200OK, JsonText.Write(json =>
        {
            json.WriteStartArray();
            foreach (var count in counts)
            {
                json.WriteStartObject();
                json.WriteStartObject("_id");
                json.WriteString("task", count.TaskId);
                json.WriteNull("workflow");
                json.WriteEndObject();
                json.WriteNumber("count", count.Jobs);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }));
    }

    private async Task<IResult> ListAsync(HttpContext http, string customer, Func<JobQuery, JobQuery> narrow)
    {
        var caller = http.GetCaller().Caller;
        if (!JobListRequest.Of(http.Request.Query, caller).TryGet(out var request, out var problem))
        {
            return problem;
        }

        if (limiter.Add(http, customer) is { } tooMany)
        {
            return tooMany;
        }

        return await Of(customer).Find(narrow(request.Query)) is not { } page ? Problems.Unreachable : new JobListResponse(
            JsonText.Write(json =>
            {
                json.WriteStartArray();
                foreach (var job in page.Jobs)
                {
                    request.Projection.Write(json, job);
                }

                json.WriteEndArray();
            }),
            page.Next);
    }

    private IJobListGrain Of(string customer) => grains.GetGrainByKey<IJobListGrain>(customer);
}
