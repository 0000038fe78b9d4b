using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Messaging;
using SyncCluster.Doors;
using SyncCluster.Harness.Processes;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Jobs;

namespace SyncCluster.Bench.Children;

/// <summary>A client of the cluster that ends each job that an <see cref="ExternalExecutor"/> has released. The output of the job is the moment of its end.</summary>
internal static class JobCompleter
{
    private const int Concurrency = 128;

    /// <summary>How often a report is sent that gets no answer. Where the answer was lost, the next one says that the job has ended.</summary>
    private const int Tries = 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly byte[] Result = new JobResult { Code = 0, LastLine = "" }.Render();

    /// <param name="arguments">The Redis of the cluster, and the cluster's name.</param>
    public static async Task RunAsync(string[] arguments)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Logging.AddConsole().SetMinimumLevel(LogLevel.Error);
        builder.UseOrleansClient(client => client.UseCluster(new RedisClusterOptions { Redis = arguments[0], Name = arguments[1] }));
        builder.Services.AddJobDoors();
        using var host = builder.Build();
        CompletionQueue<string>? completions = null;
        _ = ListenAsync(listener, key => Volatile.Read(ref completions)!.Add(key));

        // Silos connect to the listener before the client can find one of them.
        Console.Out.WriteLine($"http://{listener.LocalEndpoint}{ServerPrograms.Ready}");
        await host.StartAsync();
        var doors = host.Services.GetRequiredService<JobDoors>();
        _ = WatchAsync(host.Services.GetRequiredService<IGatewayListProvider>(), doors);
        Volatile.Write(ref completions, new(Concurrency, key => CompleteAsync(doors, key)));
        await Child.AnswerAsync(completions.ExecuteAsync);
    }

    private static async Task WatchAsync(IGatewayListProvider silos, JobDoors doors)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        do
        {
            doors.Update(await silos.GetGateways());
        }
        while (await timer.WaitForNextTickAsync());
    }

    private static async Task CompleteAsync(JobDoors doors, string job)
    {
        var outcome = new JobOutcome { Lifecycle = Lifecycle.Finished, State = JobState.Success, Output = CompletionTimestamp.Of(Stopwatch.GetTimestamp()), Result = Result };
        for (var tries = 1; ; tries++)
        {
            try
            {
                if (await doors.CompleteAsync(job, Guid.Empty, outcome) != Completion.Retry)
                {
                    return;
                }
            }
            catch (Exception fault)
            {
                await Console.Error.WriteLineAsync($"A job was not completed at try {tries}: {fault.Message}");
                if (tries == Tries)
                {
                    return;
                }
            }

            await Task.Delay(Pause);
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
