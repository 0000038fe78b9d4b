using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.OpenApi;
using SyncCluster.Gateway.Requests;

namespace SyncCluster.Gateway.Api.Sync;

/// <summary>The sync calls: run a task and wait for its answer.</summary>
internal static class SyncApi
{
    public static void MapSyncApi(this IEndpointRouteBuilder routes)
    {
        var calls = routes.MapGroup("").WithTags("Calls").ProducesProblems(ProblemExamples.Cluster).ProducesProblems(ProblemExamples.TheEye);
        calls.MapPost(
                "/{customer}/task/{task}/job",
                (HttpContext http, string customer, string task, SyncCallHandler handler) => handler.RunAsync(http, customer, task))
            .WithName("RunTask")
            .WithSummary("Run a task and wait for its answer")
            .WithDescription("""
                Runs the task with the given arguments and answers when its job has ended: 200 when it has succeeded, 500 when not. Without a flag
                the body is the job's output. The token may also be sent as `access_token` in the body.

                When the wait ends before the job, the job goes on and the answer is 504: ask for the result at its `Location`.
                """)
            .RequireCredential<CallPayloadReader>(Credential.User)
            .Audits(AuditedRoutes.Run)
            .RunsTask()
            .ProducesProblems(ProblemExamples.NoSuchTask, ProblemExamples.NotOnTaskList, ProblemExamples.NothingToResume);
        calls.MapPost(
                "/{customer}/task/{task}/secret/{secret}/job",
                (HttpContext http, string customer, string task, string secret, SyncCallHandler handler) =>
                    handler.RunWithSecretAsync(http, customer, task, secret))
            .WithName("RunTaskWithSecret")
            .WithSummary("Run a task by its secret")
            .WithDescription("As with a token, for callers that know the task's secret. `Location` then has the job's own secret in it.")
            .Audits(AuditedRoutes.RunWithTaskSecret)
            .RunsTask()
            .ProducesProblems(
                ProblemExamples.WrongSecret, ProblemExamples.TooManyFailures, ProblemExamples.NoServiceToken, ProblemExamples.ResumeAtEvents);
        calls.MapPost("/job/secret/{secret}", (HttpContext http, string secret, SyncCallHandler handler) => handler.RunNamedWithSecretAsync(http, secret))
            .WithName("RunTaskByQueryWithSecret")
            .WithSummary("Run a task by its secret, named in the query or the body")
            .WithDescription("The same as the call by secret, with the customer and the task in the query, or beside `task_arguments` in the body.")
            .Audits(AuditedRoutes.RunWithTaskSecret)
            .AcceptsParameters("customerInQuery", "taskInQuery")
            .RunsTask()
            .ProducesProblems(
                ProblemExamples.WrongSecret, ProblemExamples.TooManyFailures, ProblemExamples.NoServiceToken, ProblemExamples.ResumeAtEvents);
    }
}
