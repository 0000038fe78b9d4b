using System.Globalization;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Limits;
using SyncCluster.Jobs;
using SyncCluster.Jobs.Listing;
using SyncCluster.Json;
using SyncCluster.Tasks;
using SyncCluster.WebConsole;
using SyncCluster.WebConsole.Pages;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>The jobs of a customer, by the same list as the API's.</summary>
internal static class JobListPages
{
    /// <summary>How many jobs a page has, and so how many can be chosen at once.</summary>
    public const int JobsOfPage = 100;

    private const int JobsOfTask = 5;
    private const int NewestAnnounced = 20;
    private const int ReadsAtOnce = 16;

    public static void Map(RouteGroupBuilder console)
    {
        console.MapGet("jobs", ListAsync).IsPage(Credential.Viewer);
        console.MapGet("api/jobs/changes", ReadChangesAsync).IsForScripts(Credential.Viewer, AuditedRoutes.Read);
    }

    /// <summary>The newest jobs of a task that the caller may see; none while they can't be read.</summary>
    public static async Task<IReadOnlyList<ListedJob>> NewestOfAsync(IGrainFactory grains, Caller caller, string task) =>
        await grains.GetGrainByKey<IJobListGrain>(caller.Customer).Find(new() { Viewer = caller.Viewer, Tasks = [task], Limit = JobsOfTask }) is { } page
            ? [.. page.Jobs.Select(row => Listed(row))]
            : [];

    /// <summary>A job by its document, or by its row of a list. Without its name and times if that can't be read.</summary>
    public static ListedJob Listed(ReadOnlyMemory<byte> json)
    {
        if (!JsonText.TryParse(json, out var document, JobDocumentReader.ReaderOptions.MaxDepth))
        {
            return new("", "", "", "bad", "", null, null);
        }

        using (document)
        {
            var job = document.RootElement;
            var (lifecycle, state) = (job.TextOf("lifecycle"), job.TextOf("state"));
            var hasEnded = state != JobState.InProgress.WireName();
            var (calledAt, changedAt) = (job.TimeOf("creation_date"), job.TimeOf("last_update"));
            return new(
                job.TextOf("id"),
                job.TextOf("name"),
                hasEnded ? state : ShownJob.WordFor(lifecycle),
                !hasEnded ? "busy" : state == JobState.Success.WireName() ? "good" : "bad",
                JsonText.TryGetMember(job, "user", out var user) ? user.TextOf("username") : "",
                calledAt,
                hasEnded ? changedAt - calledAt : null);
        }
    }

    private static async Task<IResult> ListAsync(HttpContext http, TaskCatalog catalog, IGrainFactory grains, RequestLimiter limiter)
    {
        var caller = http.GetCaller().Caller;
        var after = http.Request.Query["after"].ToString();
        var filter = FilterOf(http.Request.Query);
        if (!QueryOf(filter, caller).TryGet(out var query, out var refusal))
        {
            return refusal == Problems.NoSuchPage ? refusal : await ShowAsync([], null);
        }

        if (limiter.Add(http, caller.Customer) is { } tooMany)
        {
            return tooMany;
        }

        if (await grains.GetGrainByKey<IJobListGrain>(caller.Customer).Find(query with { After = after.Length > 0 ? after : null }) is not { } page)
        {
            return Problems.Unreachable;
        }

        return await ShowAsync(page.Jobs, page.Next);

        async Task<IResult> ShowAsync(byte[][] jobs, string? next) => http.Page<JobsPage>(
            refusal?.Status ?? StatusCodes.Status200OK,
            (nameof(JobsPage.Tasks), await TaskPages.ListedAsync(catalog, caller)),
            (nameof(JobsPage.Filter), filter),
            (nameof(JobsPage.Jobs), jobs.Select(row => Listed(row)).ToArray()),
            (nameof(JobsPage.Next), next),
            (nameof(JobsPage.After), after.Length > 0 ? after : null),
            (nameof(JobsPage.AreChosen), http.Request.Query["chosen"] == "all"),
            (nameof(JobsPage.Refusal), refusal?.Message),
            (nameof(JobsPage.MayRemove), caller.Credential >= Credential.Admin));
    }

    /// <summary>
    /// What has changed since a page was made: its jobs that had not ended (<c>jobs</c>), and which of the list were called since its newest one
    /// (<c>since</c>), that one included. It costs the cluster no more than these jobs.
    /// </summary>
    private static async Task<IResult> ReadChangesAsync(HttpContext http, ITaskBackend backend, IGrainFactory grains, RequestLimiter limiter)
    {
        var given = http.Request.Query;
        var caller = http.GetCaller();
        var jobs = given["jobs"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries);
        if (!QueryOf(FilterOf(given), caller.Caller).TryGet(out var query, out var problem))
        {
            return problem;
        }

        if (jobs.Length > JobsOfPage || !jobs.All(JobId.IsValid))
        {
            return Problems.NoSuchPage;
        }

        if (limiter.Add(http, caller.Caller.Customer) is { } tooMany)
        {
            return tooMany;
        }

        var read = new ListedJob?[jobs.Length];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, jobs.Length),
            new ParallelOptions { MaxDegreeOfParallelism = ReadsAtOnce, CancellationToken = http.RequestAborted },
            async (index, aborted) => read[index] = await ReadAsync(backend, new(caller.Caller.Customer, jobs[index], caller), aborted));
        var newer = await FindNewerAsync(grains, given, query, caller.Caller.Customer);
        return newer is null
            ? Problems.Unreachable
            : TypedResults.Json(
                new JobListChanges(
                    [.. read.OfType<ListedJob>().Select(job => new ChangedJob(job.Id, job.State, job.Class, job.Took is { } took ? Durations.Text(took) : ""))],
                    newer),
                JobListJson.Default.JobListChanges);
    }

    /// <returns>Null if they can't be read.</returns>
    private static async Task<string[]?> FindNewerAsync(IGrainFactory grains, IQueryCollection given, JobQuery query, string customer)
    {
        if (!given.ContainsKey("since"))
        {
            return [];
        }

        if (DateTimeOffset.TryParse(given["since"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since) && !(query.Since > since))
        {
            query = query with { Since = since };
        }

        // One more than is announced: the newest of the page is among them.
        var page = await grains.GetGrainByKey<IJobListGrain>(customer).Find(query with { Limit = NewestAnnounced + 1 });
        return page is null ? null : [.. page.Jobs.Select(row => Listed(row).Id)];
    }

    /// <summary>A job as it is now; one that is removed as such. Null if that is not known, or not for the caller.</summary>
    private static async Task<ListedJob?> ReadAsync(ITaskBackend backend, JobRequest request, CancellationToken aborted) =>
        (await backend.ReadAsync(request, aborted)).TryGet(out var view, out var problem) ? Listed(view.Document)
        : problem.Status is StatusCodes.Status404NotFound or StatusCodes.Status410Gone ? new(request.Job, "", "deleted", "bad", "", null, null)
        : null;

    private static JobListFilter FilterOf(IQueryCollection given) => new()
    {
        Task = given["task"].ToString(),
        State = given["state"].ToString(),
        User = given["user"].ToString().Trim(),
        From = RangeEndOf(given, "from"),
        To = RangeEndOf(given, "to"),
        Again = given["again"].ToString(),
    };

    /// <summary>An end of the range. A form whose script does not run sends the time of the day by itself; a link of an earlier version has a day only.</summary>
    private static RangeEnd RangeEndOf(IQueryCollection given, string name)
    {
        var day = given[given.ContainsKey(name) ? name : "day"].ToString();
        var time = given[$"{name}_time"].ToString();
        return new(time.Length > 0 ? $"{day}T{time}" : day);
    }

    private static Result<JobQuery> QueryOf(JobListFilter filter, Caller caller)
    {
        if (filter.From.IsWrong || filter.To.IsWrong)
        {
            return Problems.BadRange;
        }

        var query = new JobQuery
        {
            Viewer = caller.Viewer,
            Limit = JobsOfPage,
            Tasks = filter.Task.Length > 0 ? [filter.Task] : null,
            Callers = filter.User.Length > 0 ? [filter.User] : null,
            Since = filter.From.Begin,
            Until = filter.To.End,
            RestartedFrom = filter.Again.Length > 0 ? [filter.Again] : null,
        };
        return query.Since >= query.Until ? Problems.EmptyRange : filter.State switch
        {
            "" => query,
            "unfinished" => query with { Lifecycles = JobQuery.Unfinished },
            "success" => query with { States = [JobState.Success] },
            "failed" => query with { States = [JobState.Failure, JobState.Timeout, JobState.Error] },
            "canceled" => query with { States = [JobState.Canceled] },
            _ => Problems.NoSuchPage,
        };
    }
}
