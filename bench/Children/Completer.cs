using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Jobs;

namespace SyncCluster.Bench.Children;

/// <summary>Ends jobs from outside of the cluster, as a client of it: each that an <see cref="OutsideExecutor"/> has told it of. The job's output is the moment.</summary>
internal static class Completer
{
    private const int AtOnce = 128;
    private static readonly byte[] Result = new JobResult { Code = 0, LastLine = "" }.Render();

    /// <param name="arguments">The Redis of the cluster.</param>
    public static async Task RunAsync(string[] arguments)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Logging.AddConsole().SetMinimumLevel(LogLevel.Error);
        builder.UseOrleansClient(client => client.UseCluster(new RedisClusterOptions { Redis = arguments[0] }));
        using var host = builder.Build();
        Held<string>? held = null;
        _ = ListenAsync(listener, key => Volatile.Read(ref held)!.Add(key));

        // Silos come to the listener before the client can find one.
        Console.Out.WriteLine($"http://{listener.LocalEndpoint}{Child.Ready}");
        await host.StartAsync();
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        Volatile.Write(ref held, new(AtOnce, key => CompleteAsync(grains.GetJob(key))));
        await Child.ObeyAsync(held.ObeyAsync);
    }

    private static async Task CompleteAsync(IJobGrain job)
    {
        try
        {
            var outcome = new JobOutcome { Lifecycle = Lifecycle.Finished, State = JobState.Success, Output = Stamp.Of(Stopwatch.GetTimestamp()), Result = Result };
            while (await job.Complete(Guid.Empty, outcome) == Completion.Retry)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100));
            }
        }
        catch (Exception fault)
        {
            await Console.Error.WriteLineAsync($"A job was not completed: {fault}");
        }
    }

    private static async Task ListenAsync(TcpListener listener, Action<string> released)
    {
        while (true)
        {
            var silo = await listener.AcceptTcpClientAsync();
            _ = Task.Run(async () =>
            {
                using var lines = new StreamReader(silo.GetStream());
                while (await lines.ReadLineAsync() is { } key)
                {
                    released(key);
                }
            });
        }
    }
}
