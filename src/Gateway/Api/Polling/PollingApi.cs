using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.OpenApi;
using SyncCluster.Gateway.Requests;

namespace SyncCluster.Gateway.Api.Polling;

/// <summary>The routes of TheEye's newer dialect.</summary>
internal static class PollingApi
{
    public static void MapPollingApi(this IEndpointRouteBuilder routes)
    {
        var dialect = routes.MapGroup("").WithTags("Newer dialect").ProducesProblems(ProblemExamples.Cluster).ProducesProblems(ProblemExamples.TheEye);
        dialect.MapPost("/task/{task}/job", (HttpContext http, string task, PollingCallHandler handler) => handler.CreateAsync(http, task))
            .WithName("CreateJob")
            .WithSummary("Run a task without waiting")
            .WithDescription("""
                Starts a job and answers with its document at once. With `wait_result=true`, in the query or the body, it is a redirect to where the answer
                will be, which `curl -L` follows. The address has the query that you sent, a token in it included; one that was sent in the body is not
                put there, so send it in the header or the query.
                """)
            .RequireCredential<CallPayloadReader>(Credential.User)
            .Audits(AuditedRoutes.Run)
            .CreatesJob()
            .AcceptsParameters("sameCustomer")
            .ProducesProblems(ProblemExamples.NoSuchTask, ProblemExamples.NotOnTaskList);

        // For TheEye's clients, which name the task in the body; the document of the API shows one way.
        foreach (var path in (string[])["/job", "/{customer}/job"])
        {
            dialect.MapPost(path, (HttpContext http, PollingCallHandler handler) => handler.CreateAsync(http, task: null))
                .RequireCredential<CallPayloadReader>(Credential.User)
                .Audits(AuditedRoutes.Run)
                .ExcludeFromDescription();
        }

        dialect.MapPost(
                "/task/{task}/secret/{secret}/job",
                (HttpContext http, string task, string secret, PollingCallHandler handler) => handler.CreateWithSecretAsync(http, task, secret))
            .WithName("CreateJobWithSecret")
            .WithSummary("Run a task by its secret without waiting")
            .WithDescription("The same for callers that know the task's secret. The redirect has the job's own secret in it.")
            .Audits(AuditedRoutes.RunWithTaskSecret)
            .CreatesJob()
            .AcceptsParameters("onlyCustomer")
            .ProducesProblems(ProblemExamples.WrongSecret, ProblemExamples.TooManyFailures, ProblemExamples.NoServiceToken);

        var results = dialect.MapGroup("").ProducesProblems(ProblemExamples.NoSuchJob);
        results.MapGet("/job/{job}/result", (HttpContext http, string job, PollingCallHandler handler) => handler.ResultAsync(http, job))
            .WithName("PollResult")
            .WithSummary("Wait in a row of redirects for a job's answer")
            .WithDescription("""
                Waits for `timeout` seconds. While the job goes on, each wait ends with a redirect to the next one, and the last of them with a 408. The
                answer is the output's first element, read as JSON, or what a flag asks for; of an object with `response` it is the HTTP response that
                the task has made.
                """)
            .RequireCredential<CallPayloadReader>(Credential.Viewer)
            .ProducesPollingAnswer()
            .AcceptsParameters("sameCustomer")
            .ProducesProblems(ProblemExamples.NotOnJobList);
        results.MapPost("/job/{job}/result", (HttpContext http, string job, PollingCallHandler handler) => handler.ResultAsync(http, job))
            .WithName("PollResultByPost")
            .WithSummary("Wait in a row of redirects for a job's answer")
            .WithDescription("The same. In the body, where there is one, only a token counts.")
            .RequireCredential<CallPayloadReader>(Credential.Viewer)
            .AcceptsBody("Token")
            .ProducesPollingAnswer()
            .AcceptsParameters("sameCustomer")
            .ProducesProblems(ProblemExamples.CallBody)
            .ProducesProblems(ProblemExamples.NotOnJobList);
        results.MapPost(
                "/job/{job}/secret/{jobSecret}/result",
                (HttpContext http, string job, string jobSecret, PollingCallHandler handler) => handler.ResultWithSecretAsync(http, job, jobSecret))
            .WithName("PollResultWithSecret")
            .WithSummary("Wait in a row of redirects for a job's answer by its secret")
            .WithDescription("The same for a job that was called by its task's secret. As a GET with `counter`, `limit`, `timeout` or `output` it is this, too.")
            .Audits(AuditedRoutes.ReadWithJobSecret)
            .ProducesPollingAnswer();
    }
}
