using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.OpenApi;

namespace SyncCluster.Gateway.Api.Jobs.Lists;

/// <summary>Finding jobs.</summary>
internal static class JobListsApi
{
    public static void MapJobListsApi(this IEndpointRouteBuilder routes)
    {
        var lists = routes.MapGroup("").WithTags("Jobs").ProducesProblems(ProblemExamples.Cluster)
            .ProducesProblems(ProblemExamples.TooManyWaiters, ProblemExamples.TooManyWaitersOfCustomer, ProblemExamples.TooManyCalls);
        lists.MapGet("/{customer}/job", (HttpContext http, string customer, JobListHandler handler) => handler.ListAsync(http, customer))
            .WithName("ListJobs")
            .WithSummary("List jobs")
            .WithDescription("""
                The customer's jobs whose access list lets you in, the newest first, without their arguments, environments and answers. If there are
                more, `Next-Cursor` is the `cursor` that leads to them: unlike `skip` it neither repeats nor leaves out a job when others are called
                meanwhile.
                """)
            .RequireCredential(Credential.Viewer)
            .ListsJobs("jobs");
        lists.MapGet("/job/running", (HttpContext http, JobListHandler handler) => handler.ListRunningAsync(http, http.GetCaller().Caller.Customer))
            .WithName("ListRunningJobs")
            .WithSummary("List the jobs that have not ended")
            .WithDescription("The same, of the jobs that are queued or run.")
            .RequireCredential(Credential.Viewer)
            .AcceptsParameters("sameCustomer")
            .ListsJobs("running");
        lists.MapGet(
                "/job/running_count",
                (HttpContext http, JobListHandler handler) => handler.CountRunningAsync(http, http.GetCaller().Caller.Customer))
            .WithName("CountRunningJobs")
            .WithSummary("Count the jobs that have not ended")
            .WithDescription("How many jobs of each task are queued or run.")
            .RequireCredential(Credential.Viewer)
            .AcceptsParameters("sameCustomer")
            .ProducesAnswers(new ProducedAnswer("200", "The tasks that have such jobs", "JobCounts", "counts"))
            .WithMetadata(OptionalHeaders.OfCalls);

        // For TheEye's clients; the document of the API shows one way.
        lists.MapGet(
                "/{customer}/job/running",
                (HttpContext http, string customer, JobListHandler handler) => handler.ListRunningAsync(http, customer))
            .RequireCredential(Credential.Viewer)
            .ExcludeFromDescription();
        lists.MapGet(
                "/{customer}/job/running_count",
                (HttpContext http, string customer, JobListHandler handler) => handler.CountRunningAsync(http, customer))
            .RequireCredential(Credential.Viewer)
            .ExcludeFromDescription();
    }

    private static RouteHandlerBuilder ListsJobs(this RouteHandlerBuilder route, string example) =>
        route
            .AcceptsParameters(
                "whereTask", "whereState", "whereLifecycle", "whereCaller", "whereRestarted", "since", "until", "sort", "pageLimit", "skip", "cursor",
                "include")
            .ProducesAnswers(new ProducedAnswer("200", "The jobs", "Jobs", example))
            .WithMetadata(new OptionalHeaders([.. OptionalHeaders.OfCalls.Names, JobListResponse.NextCursor]))
            .ProducesProblems(
                ProblemExamples.BadWhere, ProblemExamples.BadSort, ProblemExamples.BadInclude, ProblemExamples.BadTimes, ProblemExamples.BadPage,
                ProblemExamples.BadCursor);
}
