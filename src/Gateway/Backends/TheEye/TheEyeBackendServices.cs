using Microsoft.Extensions.Options;
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
        services.AddSingleton<IValidateOptions<AuthOptions>, NoConfiguredCustomersValidator>();
        services.AddSingleton(DemoMode.Off);
        services.AddSingleton<UnreleasedJobCleanup>();
        services.AddSingleton<ReadPermissionCache>();
        services.AddSingleton<KeptJobsReader>();
        services.AddSingleton<JobWindowClient>();
        services.AddSingleton<TheEyeJobAllocator>();
        services.AddSingleton<TheEyeForwarder>();
        services.AddSingleton<ITaskBackend, TheEyeBackend>();
    }

    /// <summary>Answers the routes for tasks with where the tasks are, and has TheEye list its jobs.</summary>
    public static void MapRoutesOfTheEye(this IEndpointRouteBuilder routes)
    {
        string[] paths =
        [
            "/{customer}/task/import", "/task", "/{customer}/task", "/{customer}/task/{task}", "/{customer}/task/{task}/recipe",
            "/{customer}/task/{task}/schema", "/{customer}/task/{task}/secret",
        ];
        foreach (var path in paths)
        {
            routes.Map(path, () => Problems.TheEye.TasksAreElsewhere).ExcludeFromDescription();
        }

        routes.MapPut("/{customer}/job/{job}/restart", () => Problems.TheEye.JobsAreElsewhere).ExcludeFromDescription();
        routes.MapDelete("/{customer}/job/{job}", () => Problems.TheEye.JobsAreElsewhere).ExcludeFromDescription();
        routes.MapDelete("/{customer}/job", () => Problems.TheEye.JobsAreElsewhere).ExcludeFromDescription();
        routes.MapDelete("/{customer}/task/{task}/job", () => Problems.TheEye.JobsAreElsewhere).ExcludeFromDescription();
        string[] reads =
        [
            "/{customer}/job", "/job/running", "/{customer}/job/running", "/job/running_count", "/{customer}/job/running_count", "/job/{job}/input",
            "/{customer}/job/{job}/input",
        ];
        foreach (var path in reads)
        {
            routes.MapGet(path, (HttpContext http, TheEyeForwarder forwarder) => forwarder.ForwardAsync(http))
                .RequireCredential(Credential.Viewer)
                .ExcludeFromDescription();
        }
    }

    /// <summary>TheEye's tokens count, and none that is configured here.</summary>
    private sealed class NoConfiguredCustomersValidator : IValidateOptions<AuthOptions>
    {
        /// <inheritdoc/>
        public ValidateOptionsResult Validate(string? name, AuthOptions options) => options.Customers.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail("Auth:Customers: where TheEye runs the jobs, its tokens count, and none are configured here.");
    }
}
