using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Api.Polling;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.OpenApi;
using SyncCluster.Jobs;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Api.Jobs;

/// <summary>Reading, following and canceling jobs.</summary>
internal static class JobsApi
{
    public static void MapJobsApi(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("").WithTags("Jobs")
            .ProducesProblems(ProblemExamples.Cluster).ProducesProblems(ProblemExamples.TheEye).ProducesProblems(ProblemExamples.NoSuchJob);
        jobs.MapGet(
                "/{customer}/job/{job}/result",
                (HttpContext http, string customer, string job, JobAttachHandler handler) => handler.AttachAsync(http, customer, job, isStreamed: false))
            .WithName("GetResult")
            .WithSummary("Wait for a job's answer")
            .WithDescription("Answers what the call would have: at once for a job that has ended, else when it ends. Any number of clients may wait.")
            .RequireCredential(Credential.Viewer)
            .ProducesJobAnswer()
            .ProducesProblems(ProblemExamples.NotOnJobList);
        jobs.MapGet(
                "/job/{job}/secret/{jobSecret}/result",
                (HttpContext http, string job, string jobSecret, JobAttachHandler handler, PollingCallHandler polling) =>
                    PollingCursor.IsIn(http.Request.Query)
                        ? polling.ResultWithSecretAsync(http, job, jobSecret)
                        : handler.AttachWithSecretAsync(http, job, jobSecret, isStreamed: false))
            .WithName("GetResultWithSecret")
            .WithSummary("Wait for a job's answer by its secret")
            .WithDescription("""
                The same for a job that was called by its task's secret, with the address that `Location` gave. With `counter`, `limit`, `timeout` or `output`
                in the query the answer is the newer dialect's: see there.
                """)
            .Audits(AuditedRoutes.ReadWithJobSecret)
            .ProducesJobAnswer()
            .AlsoProducesPollingAnswer();
        jobs.MapGet(
                "/{customer}/job/{job}/events",
                (HttpContext http, string customer, string job, JobAttachHandler handler) => handler.AttachAsync(http, customer, job, isStreamed: true))
            .WithName("FollowJob")
            .WithSummary("Follow a job live")
            .WithDescription("""
                Server-sent events: `job`, `lifecycle` and `log` (a line of what the script prints) as they come, at the end `result` or `problem`.
                A connection that broke is resumed with `Last-Event-ID`; after the end that is answered 204. A call answers so as well, with `Accept: text/event-stream`.
                """)
            .RequireCredential(Credential.Viewer)
            .ProducesJobEvents()
            .ProducesProblems(ProblemExamples.NotOnJobList);
        jobs.MapGet(
                "/job/{job}/secret/{jobSecret}/events",
                (HttpContext http, string job, string jobSecret, JobAttachHandler handler) =>
                    handler.AttachWithSecretAsync(http, job, jobSecret, isStreamed: true))
            .WithName("FollowJobWithSecret")
            .WithSummary("Follow a job live by its secret")
            .WithDescription("The same for a job that was called by its task's secret.")
            .Audits(AuditedRoutes.ReadWithJobSecret)
            .ProducesJobEvents();
        jobs.MapGet("/{customer}/job/{job}", GetDocumentAsync)
            .WithName("GetJob")
            .WithSummary("Show a job")
            .WithDescription("The job's document as it stands, without waiting.")
            .RequireCredential(Credential.Viewer)
            .ProducesAnswers(new ProducedAnswer("200", "The job", "Job", "full", "pending") { Headers = ["Job-Id"] })
            .ProducesProblems(ProblemExamples.NotOnJobList, ProblemExamples.JobRemoved);
        jobs.MapGet("/{customer}/job/{job}/lifecycle", GetLifecycleAsync)
            .WithName("GetLifecycle")
            .WithSummary("Show where a job is on its way")
            .WithDescription("Only the job's lifecycle, without waiting.")
            .RequireCredential(Credential.User)
            .ProducesAnswers(new ProducedAnswer("200", "Its lifecycle", "Lifecycle", "lifecycle") { Headers = ["Job-Id"] })
            .ProducesProblems(ProblemExamples.NotOnJobList, ProblemExamples.JobRemoved);
        jobs.MapPut(
                "/{customer}/job/{job}/cancel",
                (HttpContext http, string customer, string job, JobCancelHandler handler) => handler.CancelAsync(http, customer, job))
            .WithName("CancelJob")
            .CancelsJob();
        jobs.MapPut(
                "/job/{job}/cancel",
                (HttpContext http, string job, JobCancelHandler handler) => handler.CancelAsync(http, http.GetCaller().Caller.Customer, job))
            .WithName("CancelJobOfToken")
            .AcceptsParameters("sameCustomer")
            .CancelsJob();
    }

    private static void CancelsJob(this RouteHandlerBuilder route) => route
            .WithSummary("Cancel a job")
            .WithDescription("""
                Ends a job that has not ended, and its script. All its waiters are answered. A task with `cancellable:false` needs an administrator.
                The answer comes when the job has ended: 204 if it is canceled or terminated, 409 if it ended by itself before the cancel reached it.
                """)
            .RequireCredential(Credential.Viewer)
            .Audits(AuditedRoutes.Cancel)
            .ProducesAnswers(new ProducedAnswer("204", "It is canceled") { Headers = ["Job-Id"] })
            .ProducesProblems(
                ProblemExamples.NotOnJobList,
                ProblemExamples.AdministratorsOnly,
                ProblemExamples.JobHasEnded,
                ProblemExamples.JobWasCanceled,
                ProblemExamples.JobRemoved,
                ProblemExamples.RunnerUnreachable,
                ProblemExamples.StillStopping,
                ProblemExamples.Draining,
                ProblemExamples.OutcomeUnknown);

    private static async Task<IResult> GetDocumentAsync(HttpContext http, string customer, string job, ITaskBackend backend) =>
        (await ReadAsync(http, customer, job, backend)).TryGet(out var view, out var problem)
            ? new JobResponse(job, StatusCodes.Status200OK, view.Document) { Source = view.Source }
            : problem;

    private static async Task<IResult> GetLifecycleAsync(HttpContext http, string customer, string job, ITaskBackend backend)
    {
        if (!(await ReadAsync(http, customer, job, backend)).TryGet(out var view, out var problem))
        {
            return problem;
        }

        return new JobResponse(job, StatusCodes.Status200OK, JsonText.Write(json => json.WriteStringValue(view.Lifecycle)));
    }

    private static async Task<Result<JobView>> ReadAsync(HttpContext http, string customer, string job, ITaskBackend backend) => JobId.IsValid(job)
        ? await backend.ReadAsync(new JobRequest(customer, job, http.GetCaller()), http.RequestAborted)
        : Problems.NoSuchJob;
}
