using SyncCluster.Gateway.Api.Events;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Api.Jobs.Lists;
using SyncCluster.Gateway.Api.Polling;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Api.Tasks;
using SyncCluster.Gateway.Requests;
using SyncCluster.Settings;

namespace SyncCluster.Gateway.Api;

/// <summary>The handlers of the routes.</summary>
internal static class ApiServices
{
    public static void AddApi(this IServiceCollection services)
    {
        services.AddSingleton<RequestBodyReader>();
        services.AddSingleton<CallPayloadReader>();
        services.AddSingleton<RecipeReader>();
        services.AddSingleton<TaskEditor>();
        services.AddSingleton<SyncCallHandler>();
        services.AddSingleton<JobAttachHandler>();
        services.AddSingleton<JobCancelHandler>();
        services.AddSingleton<JobListHandler>();
        services.AddSingleton<JobRestartHandler>();
        services.AddSingleton<JobInputHandler>();
        services.AddSingleton<JobRemovalHandler>();
        services.AddSingleton<JobWaitAnswerer>();
        services.AddSingleton<DefaultCustomer>();
        services.AddSingleton<PollingCallHandler>();
        services.AddValidatedOptions<FollowingOptions, FollowingOptionsValidator>(FollowingOptions.Section);
    }
}
