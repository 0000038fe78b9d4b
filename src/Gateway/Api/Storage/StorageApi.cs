using SyncCluster.Hosting.Auditing;
using SyncCluster.Hosting.Operator;
using SyncCluster.Hosting.Storage;

namespace SyncCluster.Gateway.Api.Storage;

/// <summary>The back-up of a server in one process, for its operator.</summary>
internal static class StorageApi
{
    public static void MapStorageApi(this IEndpointRouteBuilder routes)
    {
        if (routes.ServiceProvider.GetService<BackUp>() is null)
        {
            return;
        }

        routes.MapPost("/api/backup", BackUpAsync)
            .AddEndpointFilter(OperatorToken.RequireAsync)
            .WithMetadata(new AuditedAction("back-up", OperatorToken.CallerOf))
            .ExcludeFromDescription();
    }

    private static async Task<IResult> BackUpAsync(BackUp backUp, CancellationToken aborted)
    {
        try
        {
            return await backUp.MakeAsync(aborted) is { } copy
                ? TypedResults.File(copy, "application/vnd.sqlite3", SqliteFile.Name)
                : Problems.NothingKept;
        }
        catch (IOException)
        {
            return Problems.NoRoomForBackUp;
        }
    }
}
