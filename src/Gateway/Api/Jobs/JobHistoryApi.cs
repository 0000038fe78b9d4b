using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.OpenApi;
using SyncCluster.Gateway.Requests;

namespace SyncCluster.Gateway.Api.Jobs;

/// <summary>What can be done with the jobs of this cluster beside waiting for them: restart, input, removal.</summary>
internal static class JobHistoryApi
{
    public static void MapJobHistoryApi(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("").WithTags("Jobs").ProducesProblems(ProblemExamples.Cluster);
        jobs.MapPut(
                "/{customer}/job/{job}/restart",
                (HttpContext http, string customer, string job, JobRestartHandler handler) => handler.RestartAsync(http, customer, job))
            .WithName("RestartJob")
            .WithSummary("Run a job again")
            .WithDescription("""
                Calls the task of an ended job again, with the arguments that are given, or with the same ones where none are. An ended job never
                changes: the answer is the document of a new job, whose `restarted_from` names the old one. As with `POST /task/{task}/job` it comes
                at once.
                """)
            .RequireCredential<CallPayloadReader>(Credential.User)
            .Audits(AuditedRoutes.Run)
            .CreatesJob("restarted")
            .ProducesProblems(
                ProblemExamples.NoSuchJob,
                ProblemExamples.NotOnJobList,
                ProblemExamples.JobHasNotEnded,
                ProblemExamples.NoSuchTask,
                ProblemExamples.NotOnTaskList);
        jobs.MapGet(
                "/{customer}/job/{job}/input",
                (HttpContext http, string customer, string job, JobInputHandler handler) => handler.GetAsync(http, customer, job))
            .WithName("GetInput")
            .WithSummary("Show a job's arguments")
            .WithDescription("The arguments as the script gets them; with `include_definitions` also how the task defines them.")
            .RequireCredential(Credential.Viewer)
            .AcceptsParameters("include_definitions")
            .ProducesAnswers(new ProducedAnswer("200", "The arguments", "Input", "input", "definitions") { Headers = ["Job-Id"] })
            .ProducesProblems(
                ProblemExamples.NoSuchJob, ProblemExamples.NotOnJobList, ProblemExamples.JobRemoved, ProblemExamples.UnreadableDocument);
        jobs.MapDelete("/{customer}/job/{job}", (string customer, string job, JobRemovalHandler handler) => handler.RemoveAsync(customer, job))
            .WithName("RemoveJob")
            .WithSummary("Remove a job")
            .WithDescription("""
                Removes an ended job, 10 minutes after its end at the earliest. A repeat of its call with the same `Idempotency-Key` is then a 410.
                """)
            .RequireCredential(Credential.Admin)
            .Audits(AuditedRoutes.Delete)
            .ProducesAnswers(new ProducedAnswer("204", "It is removed"))
            .ProducesProblems(
                ProblemExamples.OtherOrigin,
                ProblemExamples.NoSuchJob,
                ProblemExamples.JobRemoved,
                ProblemExamples.RemovedTooEarly,
                ProblemExamples.RemovedUnfinished);
        jobs.MapDelete(
                "/{customer}/task/{task}/job",
                (HttpContext http, string customer, string task, JobRemovalHandler handler) => handler.RemoveOfTaskAsync(http, customer, task))
            .WithName("RemoveJobsOfTask")
            .WithSummary("Remove a task's jobs")
            .WithDescription("""
                Removes the task's jobs that have ended at least 10 minutes ago. With `lifecycle[]=ready` those that wait for their turn are canceled
                before, and their clients are answered.
                """)
            .AcceptsParameters("removedLifecycle", "callerOfTask")
            .RemovesJobs();
        jobs.MapDelete(
                "/{customer}/job",
                (HttpContext http, string customer, JobRemovalHandler handler) => handler.RemoveOfCallerAsync(http, customer))
            .WithName("RemoveJobsOfCaller")
            .WithSummary("Remove a user's jobs")
            .WithDescription("The same, of all jobs that a user has called.")
            .AcceptsParameters("removedCaller", "removedLifecycle")
            .RemovesJobs();

        // For TheEye's clients; the document of the API shows one way.
        jobs.MapGet(
                "/job/{job}/input",
                (HttpContext http, string job, JobInputHandler handler) => handler.GetAsync(http, http.GetCaller().Caller.Customer, job))
            .RequireCredential(Credential.Viewer)
            .ExcludeFromDescription();
    }

    private static void RemovesJobs(this RouteHandlerBuilder route) => route
        .RequireCredential(Credential.Admin)
        .Audits(AuditedRoutes.Delete)
        .ProducesAnswers(new ProducedAnswer("200", "How many were removed", "Deleted", "deleted"))
        .ProducesProblems(ProblemExamples.OtherOrigin, ProblemExamples.BadRemoval, ProblemExamples.BadCaller);
}
