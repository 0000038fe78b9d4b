using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SyncCluster.Execution;

namespace SyncCluster.Bench.Children;

/// <summary>The silo as it is, but for who runs its jobs: somebody outside.</summary>
internal static class OutsideSilo
{
    public static async Task RunAsync(string[] arguments)
    {
        await using var app = SyncCluster.Silo.Program.Build(arguments, services => services.Replace(ServiceDescriptor.Singleton<IJobExecutor>(provider =>
            new OutsideExecutor(provider.GetRequiredService<ILocalSiloDetails>(), provider.GetRequiredService<IConfiguration>().GetValue<int>(OutsideExecutor.Port)))));
        await app.RunAsync();
    }
}
