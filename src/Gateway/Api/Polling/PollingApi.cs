using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.OpenApi;

namespace SyncCluster.Gateway.Api.Polling;

/// <summary>The routes of TheEye's newer dialect.</summary>
internal static class PollingApi
{
    public static void AddDialect(this IServiceCollection services)
    {
        services.AddSingleton<DefaultCustomer>();
        services.AddSingleton<PollingCallHandler>();
    }

    public static void MapDialect(this IEndpointRouteBuilder routes)
    {
        var dialect = routes.MapGroup("").WithTags("Newer dialect").Refuses(Refusals.Cluster).Refuses(Refusals.TheEye);
        dialect.MapPost("/task/{task}/job", (HttpContext http, string task, PollingCallHandler calls) => calls.CreateAsync(http, task))
            .WithName("CreateJob")
            .WithSummary("Run a task without waiting")
            .WithDescription("""
                Starts a job and answers with its document at once. With `wait_result=true`, in the query or the body, it is a redirect to where the answer
                will be, which `curl -L` follows. The address has the query that you sent, a token in it included; one that was sent in the body is not
                put there, so send it in the header or the query.
                """)
            .Needs(Credential.User)
            .CreatesJob()
            .Takes("sameCustomer")
            .Refuses(Refusals.NoSuchTask, Refusals.NotOnTaskList);
        dialect.MapPost(
                "/task/{task}/secret/{secret}/job",
                (HttpContext http, string task, string secret, PollingCallHandler calls) => calls.CreateWithSecretAsync(http, task, secret))
            .WithName("CreateJobWithSecret")
            .WithSummary("Run a task by its secret without waiting")
            .WithDescription("The same for whoever knows the task's secret. The redirect has the job's own secret in it.")
            .CreatesJob()
            .Takes("onlyCustomer")
            .Refuses(Refusals.WrongSecret, Refusals.NoServiceToken);

        var results = dialect.MapGroup("").Refuses(Refusals.NoSuchJob);
        results.MapGet("/job/{job}/result", (HttpContext http, string job, PollingCallHandler calls) => calls.ResultAsync(http, job))
            .WithName("PollResult")
            .WithSummary("Wait in a row of redirects for a job's answer")
            .WithDescription("""
                Waits for `timeout` seconds. While the job goes on, each wait ends with a redirect to the next one, and the last of them with a 408. The
                answer is the output's first element, read as JSON, or what a flag asks for; of an object with `response` it is the HTTP response that
                the task has made.
                """)
            .Needs(Credential.Viewer)
            .AnswersPolling()
            .Takes("sameCustomer")
            .Refuses(Refusals.NotOnJobList);
        results.MapPost("/job/{job}/result", (HttpContext http, string job, PollingCallHandler calls) => calls.ResultAsync(http, job))
            .WithName("PollResultByPost")
            .WithSummary("Wait in a row of redirects for a job's answer")
            .WithDescription("The same. In the body, where there is one, only a token counts.")
            .Needs(Credential.Viewer)
            .TakesBody("Token")
            .AnswersPolling()
            .Takes("sameCustomer")
            .Refuses(Refusals.CallBody)
            .Refuses(Refusals.NotOnJobList);
        results.MapPost(
                "/job/{job}/secret/{jobSecret}/result",
                (HttpContext http, string job, string jobSecret, PollingCallHandler calls) => calls.ResultWithSecretAsync(http, job, jobSecret))
            .WithName("PollResultWithSecret")
            .WithSummary("Wait in a row of redirects for a job's answer by its secret")
            .WithDescription("The same for a job that was called by its task's secret. As a GET with `counter`, `limit`, `timeout` or `output` it is this, too.")
            .AnswersPolling();
    }

    /// <summary>The path that both dialects have: what only this one knows tells which is meant.</summary>
    public static Task<IResult> EitherAsync(HttpContext http, string job, string jobSecret, SyncCallHandler older, PollingCallHandler newer) =>
        PollingCursor.IsAsked(http.Request.Query)
            ? newer.ResultWithSecretAsync(http, job, jobSecret)
            : older.AttachWithSecretAsync(http, job, jobSecret, isFollowed: false);
}
