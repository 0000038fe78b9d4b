using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Auth;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>TheEye has the tasks and runs them.</summary>
internal static class TheEyeBackendServices
{
    public static void AddTheEyeBackend(this IServiceCollection services)
    {
        services.AddTheEye();
        services.AddTheEyeClient(TheEyeTokenValidator.ClientName);
        services.AddSingleton<TheEyeTokenValidator>();
        services.AddSingleton<ITokenValidator>(provider => provider.GetRequiredService<TheEyeTokenValidator>());
        services.AddSingleton<UnreleasedJobCleanup>();
        services.AddSingleton<ITaskBackend, TheEyeBackend>();
    }

    /// <summary>Answers the routes for tasks with where the tasks are.</summary>
    public static void MapTasksAtTheEye(this IEndpointRouteBuilder routes)
    {
        foreach (var path in (string[])["/{customer}/task/import", "/{customer}/task", "/{customer}/task/{task}", "/{customer}/task/{task}/recipe"])
        {
            routes.Map(path, () => TheEyeProblem.TasksAreElsewhere).ExcludeFromDescription();
        }
    }
}
