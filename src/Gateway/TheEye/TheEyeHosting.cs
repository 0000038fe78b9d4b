using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Jobs;

namespace SyncCluster.Gateway.TheEye;

/// <summary>Has a gateway stand in front of TheEye.</summary>
internal static class TheEyeHosting
{
    public static void AddTheEyeTasks(this IServiceCollection services)
    {
        services.AddTheEye();
        services.AddTheEyeClient(TheEyeTokenValidator.ClientName);
        services.AddSingleton<TheEyeTokenValidator>();
        services.AddSingleton<ITokenValidator>(provider => provider.GetRequiredService<TheEyeTokenValidator>());
        services.AddSingleton<UnreleasedJobCleanup>();
        services.AddSingleton<ITaskBackend, TheEyeBackend>();
    }

    /// <summary>What is asked here of tasks is to be asked there.</summary>
    public static void MapTheEyesTasks(this IEndpointRouteBuilder routes)
    {
        foreach (var path in (string[])["/{customer}/task/import", "/{customer}/task", "/{customer}/task/{task}", "/{customer}/task/{task}/recipe"])
        {
            routes.Map(path, () => TheEyeProblem.TasksAreElsewhere).ExcludeFromDescription();
        }
    }
}
