using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Gateway.Backends;
using SyncCluster.Hosting;

namespace SyncCluster.Bench.Children;

/// <summary>The gateway's own program with a <see cref="TelemetrySwitch"/>.</summary>
internal static class SwitchedGateway
{
    public static async Task RunAsync(string[] arguments)
    {
        ThreadScheduling.Apply(arguments);
        IServiceCollection? services = null;
        var local = GatewayMode.All[0];
        await using var app = SyncCluster.Gateway.Program.Build(
            arguments,
            [
                local with
                {
                    AddBackend = all =>
                    {
                        services = all;
                        local.AddBackend(all);
                    },
                },
            ]);
        TelemetrySwitch.Map(app, services!);
        await app.RunAsync();
    }
}
