using Microsoft.Extensions.Options;
using SyncCluster.Execution.Local;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Hosting.Operator;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Backends;

internal static class ClusterServices
{
    /// <summary>Makes the gateway a client of the cluster if a Redis is configured, else gives it a silo in its own process.</summary>
    public static void AddCluster(this WebApplicationBuilder builder, GatewayMode mode)
    {
        var cluster = RedisClusterOptions.Of(builder.Configuration);
        builder.Services.AddOperator();
        if (cluster.IsCluster)
        {
            builder.Services.AddTasks();
            builder.UseOrleansClient(client => client.UseCluster(cluster));
            builder.Services.AddHostedService<SiloMonitor>();
            return;
        }

        builder.AddEmbeddedSilo(mode);

        // Running scripts end with the process: waits last until the last one has ended.
        builder.Services.AddOptions<WaitingOptions>().Configure<IOptions<LocalExecutorOptions>>((waiting, executor) =>
            waiting.DrainTime = executor.Value.DrainTime + executor.Value.KillGrace + TimeSpan.FromSeconds(2));
    }
}
