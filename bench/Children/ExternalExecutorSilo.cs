using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SyncCluster.Execution;
using SyncCluster.Hosting;

namespace SyncCluster.Bench.Children;

/// <summary>The silo's own program with an <see cref="ExternalExecutor"/>, and a <see cref="TelemetrySwitch"/>.</summary>
internal static class ExternalExecutorSilo
{
    public static async Task RunAsync(string[] arguments)
    {
        ThreadScheduling.Apply(arguments);
        IServiceCollection? all = null;
        await using var app = SyncCluster.Silo.Program.Build(arguments, services =>
        {
            all = services;
            services.Replace(ServiceDescriptor.Singleton<IJobExecutor>(provider => new ExternalExecutor(
                provider.GetRequiredService<ILocalSiloDetails>(), provider.GetRequiredService<IConfiguration>().GetValue<int>(ExternalExecutor.Port))));
        });
        TelemetrySwitch.Map(app, all!);
        await app.RunAsync();
    }
}
