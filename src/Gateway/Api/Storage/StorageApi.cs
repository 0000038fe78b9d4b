using SyncCluster.Gateway.OpenApi;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Hosting.Operator;
using SyncCluster.Hosting.Storage;
using SyncCluster.Settings;

namespace SyncCluster.Gateway.Api.Storage;

/// <summary>The back-up of a server in one process, for its operator.</summary>
internal static class StorageApi
{
    private const string MediaType = "application/vnd.sqlite3";

    public static void MapStorageApi(this IEndpointRouteBuilder routes)
    {
        if (routes.ServiceProvider.GetService<BackUp>() is null)
        {
            return;
        }

        routes.MapPost("/api/backup", BackUpAsync)
            .WithTags("Operator")
            .WithName("BackUp")
            .WithSummary("Back up the storage")
            .WithDescription("""
                A copy of the file that keeps jobs and tasks, as it is at one moment, while the server goes on. A server in one process has this
                route; a cluster is backed up at its Redis.
                """)
            .AddEndpointFilter(RequireOperatorAsync)
            .WithMetadata(new AuditedAction("back-up", OperatorToken.CallerOf), new OperatorRoute())
            .ProducesAnswers(new ProducedAnswer("200", "The copy, a file of SQLite") { MediaType = MediaType })
            .ProducesProblems(
                ProblemExamples.NotTheOperator,
                ProblemExamples.NoOperatorToken,
                ProblemExamples.TooManyFailures,
                ProblemExamples.NothingKept,
                ProblemExamples.NoRoomForBackUp);
    }

    private static async Task<IResult> BackUpAsync(BackUp backUp, CancellationToken aborted)
    {
        try
        {
            return await backUp.MakeAsync(aborted) is { } copy ? TypedResults.File(copy, MediaType, SqliteFile.Name) : Problems.NothingKept;
        }
        catch (IOException)
        {
            return Problems.NoRoomForBackUp;
        }
    }

    private static async ValueTask<object?> RequireOperatorAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var services = context.HttpContext.RequestServices;
        return OperatorToken.Check(context.HttpContext) switch
        {
            OperatorTokenResult.Right => await next(context),
            OperatorTokenResult.TooMany tooMany => Problems.TooManyFailures(tooMany.Wait),
            _ when services.GetRequiredService<ReloadedOptions<OperatorOptions>>().Value.TokenSha256.Length == 0 => Problems.NoOperatorToken,
            _ => Problems.NotTheOperator,
        };
    }
}
