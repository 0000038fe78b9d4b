using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Api.Polling;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.OpenApi;
using SyncCluster.Jobs;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Api.Jobs;

/// <summary>Running tasks and reading jobs.</summary>
internal static class JobsApi
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    public static Problem AdministratorsOnly(string customer, string job) =>
        new(StatusCodes.Status403Forbidden, "This task's jobs may be canceled by an administrator only.")
        {
            JobId = job,
            Location = JobLinks.Of(customer, job, default),
        };

    public static Problem HasEnded(string customer, string job) => new(StatusCodes.Status409Conflict, "The job has ended already.")
    {
        JobId = job,
        Location = JobLinks.Of(customer, job, default),
    };

    public static Problem RunnerUnreachable(string customer, string job) =>
        new(StatusCodes.Status503ServiceUnavailable, "The job's runner or the storage can't be reached. Try again.")
        {
            JobId = job,
            Location = JobLinks.Of(customer, job, default),
            RetryAfter = RetryAfter,
        };

    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        var calls = routes.MapGroup("").WithTags("Calls").Refuses(Refusals.Cluster).Refuses(Refusals.TheEye);
        calls.MapPost("/{customer}/task/{task}/job", (HttpContext http, string customer, string task, SyncCallHandler jobs) => jobs.RunAsync(http, customer, task))
            .WithName("RunTask")
            .WithSummary("Run a task and wait for its answer")
            .WithDescription("""
                Runs the task with the given arguments and answers when its job has ended: 200 when it has succeeded, 500 when not. Without a flag
                the body is the job's output. The token may also be sent as `access_token` in the body.

                When the wait ends before the job, the job goes on and the answer is 504: ask for the result at its `Location`.
                """)
            .Needs(Credential.User)
            .RunsTask()
            .Refuses(Refusals.NoSuchTask, Refusals.NotOnTaskList);
        calls.MapPost(
                "/{customer}/task/{task}/secret/{secret}/job",
                (HttpContext http, string customer, string task, string secret, SyncCallHandler jobs) => jobs.RunWithSecretAsync(http, customer, task, secret))
            .WithName("RunTaskWithSecret")
            .WithSummary("Run a task by its secret")
            .WithDescription("As with a token, for whoever knows the task's secret. `Location` then has the job's own secret in it.")
            .RunsTask()
            .Refuses(Refusals.WrongSecret, Refusals.NoServiceToken);
        calls.MapPost("/job/secret/{secret}", (HttpContext http, string secret, SyncCallHandler jobs) => jobs.RunWithSecretAsync(
                http, http.Request.Query["customer"].ToString(), http.Request.Query["task"].ToString(), secret))
            .WithName("RunTaskByQueryWithSecret")
            .WithSummary("Run a task by its secret, named in the query")
            .WithDescription("The same as the call by secret, with the customer and the task in the query.")
            .Takes("customerInQuery", "taskInQuery")
            .RunsTask()
            .Refuses(Refusals.WrongSecret, Refusals.NoServiceToken);

        var jobs = routes.MapGroup("").WithTags("Jobs").Refuses(Refusals.Cluster).Refuses(Refusals.TheEye).Refuses(Refusals.NoSuchJob);
        jobs.MapGet("/{customer}/job/{job}/result", (HttpContext http, string customer, string job, SyncCallHandler calls) => calls.AttachAsync(http, customer, job, isFollowed: false))
            .WithName("GetResult")
            .WithSummary("Wait for a job's answer")
            .WithDescription("Answers what the call would have: at once for a job that has ended, else when it ends. Any number of clients may wait.")
            .Needs(Credential.Viewer)
            .AnswersJob()
            .Refuses(Refusals.NotOnJobList);
        jobs.MapGet(
                "/job/{job}/secret/{jobSecret}/result",
                (HttpContext http, string job, string jobSecret, SyncCallHandler calls, PollingCallHandler newer) =>
                    PollingApi.EitherAsync(http, job, jobSecret, calls, newer))
            .WithName("GetResultWithSecret")
            .WithSummary("Wait for a job's answer by its secret")
            .WithDescription("""
                The same for a job that was called by its task's secret, with the address that `Location` gave. With `counter`, `limit`, `timeout` or `output`
                in the query the answer is the newer dialect's: see there.
                """)
            .AnswersJob()
            .AlsoPolls();
        jobs.MapGet(
                "/{customer}/job/{job}/events",
                (HttpContext http, string customer, string job, SyncCallHandler calls) => calls.AttachAsync(http, customer, job, isFollowed: true))
            .WithName("FollowJob")
            .WithSummary("Follow a job live")
            .WithDescription("""
                Server-sent events: `job`, `lifecycle` and `log` (a line of what the script prints) as they come, at the end `result` or `problem`.
                A connection that broke is resumed with `Last-Event-ID`; after the end that is answered 204. A call answers so as well, with `Accept: text/event-stream`.
                """)
            .Needs(Credential.Viewer)
            .FollowsJob()
            .Refuses(Refusals.NotOnJobList);
        jobs.MapGet(
                "/job/{job}/secret/{jobSecret}/events",
                (HttpContext http, string job, string jobSecret, SyncCallHandler calls) => calls.AttachWithSecretAsync(http, job, jobSecret, isFollowed: true))
            .WithName("FollowJobWithSecret")
            .WithSummary("Follow a job live by its secret")
            .WithDescription("The same for a job that was called by its task's secret.")
            .FollowsJob();
        jobs.MapGet("/{customer}/job/{job}", DocumentAsync)
            .WithName("GetJob")
            .WithSummary("Show a job")
            .WithDescription("The job's document as it stands, without waiting.")
            .Needs(Credential.Viewer)
            .Answers(new GivenAnswer("200", "The job", "Job", "full", "pending") { Headers = ["Job-Id"] })
            .Refuses(Refusals.NotOnJobList);
        jobs.MapGet("/{customer}/job/{job}/lifecycle", LifecycleAsync)
            .WithName("GetLifecycle")
            .WithSummary("Show where a job is on its way")
            .WithDescription("Only the job's lifecycle, without waiting.")
            .Needs(Credential.User)
            .Answers(new GivenAnswer("200", "Its lifecycle", "JobLifecycle", "lifecycle") { Headers = ["Job-Id"] })
            .Refuses(Refusals.NotOnJobList);
        jobs.MapPut("/{customer}/job/{job}/cancel", CancelAsync)
            .WithName("CancelJob")
            .WithSummary("Cancel a job")
            .WithDescription("""
                Ends a job that has not ended, and its script. Whoever waits for it is answered. A task with `cancellable:false` needs an administrator.
                """)
            .Needs(Credential.Viewer)
            .Answers(new GivenAnswer("204", "It is canceled") { Headers = ["Job-Id"] })
            .Refuses(Refusals.NotOnJobList, Refusals.AdministratorsOnly, Refusals.HasEnded, Refusals.RunnerUnreachable);
    }

    private static async Task<IResult> DocumentAsync(HttpContext http, string customer, string job, AccessTokenAuthenticator gate, ITaskBackend backend) =>
        await LookAsync(http, customer, job, Credential.Viewer, gate, backend) switch
        {
            ({ Refusal: { } refusal }, _) => refusal,
            var (seen, _) => new JobResponse(job, StatusCodes.Status200OK, seen.Document),
        };

    private static async Task<IResult> LifecycleAsync(HttpContext http, string customer, string job, AccessTokenAuthenticator gate, ITaskBackend backend) =>
        await LookAsync(http, customer, job, Credential.User, gate, backend) switch
        {
            ({ Refusal: { } refusal }, _) => refusal,
            var (seen, _) => new JobResponse(job, StatusCodes.Status200OK, JsonText.Write(json =>
            {
                json.WriteStartObject();
                json.WriteString("lifecycle", seen.Lifecycle);
                json.WriteEndObject();
            })),
        };

    private static async Task<IResult> CancelAsync(HttpContext http, string customer, string job, AccessTokenAuthenticator gate, ITaskBackend backend) =>
        await LookAsync(http, customer, job, Credential.Viewer, gate, backend) switch
        {
            ({ Refusal: { } refusal }, _) => refusal,
            var (seen, request) when await backend.CancelAsync(request!, seen, http.RequestAborted) is { } refusal => refusal,
            _ => new JobResponse(job, StatusCodes.Status204NoContent, default),
        };

    /// <summary>The job as the caller may see it, and what the caller asks.</summary>
    private static async Task<(JobView Seen, JobRequest? Request)> LookAsync(
        HttpContext http, string customer, string job, Credential needed, AccessTokenAuthenticator gate, ITaskBackend backend)
    {
        var admission = await gate.AuthenticateAsync(http.Request, null, customer, needed);
        if (admission is not { Caller: { } caller })
        {
            return (JobView.Refused(admission.Refusal!), null);
        }

        if (!JobId.IsValid(job))
        {
            return (JobView.Refused(JobLinks.NoSuchJob), null);
        }

        var request = new JobRequest(customer, job, caller, admission.Token!);
        return (await backend.LookAsync(request, http.RequestAborted), request);
    }
}
