using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>Three silos that count the jobs that are submitted to them, and how often gateways read tasks.</summary>
public sealed class CountingCluster : TestingHostCluster
{
    private readonly ConcurrentDictionary<SiloAddress, int> _jobs = new();
    private readonly ConcurrentQueue<(GrainId Job, string Method)> _submits = new();
    private volatile Func<string, Task<JobReply?>>? _onSubmit;
    private int _taskReads;

    /// <summary>The submits, in their order.</summary>
    internal (GrainId Job, string Method)[] Submits => [.. _submits];

    /// <summary>How often gateways have read a task.</summary>
    internal int TaskReads => Volatile.Read(ref _taskReads);

    /// <summary>How many jobs were submitted to a silo.</summary>
    internal int JobsOf(InProcessSiloHandle silo) => _jobs.GetValueOrDefault(silo.SiloAddress);

    /// <summary>
    /// Has a step called with the method of each submit, in place of the submit if it fails or has a reply, until the result is disposed of.
    /// </summary>
    internal IDisposable OnSubmit(Func<string, Task<JobReply?>> step)
    {
        _onSubmit = step;
        return new Undo(() => _onSubmit = null);
    }

    /// <summary>Counts from nothing.</summary>
    internal void Forget()
    {
        _jobs.Clear();
        _submits.Clear();
        Volatile.Write(ref _taskReads, 0);
    }

    protected override void Replace(IServiceCollection services) => services.AddSingleton<IIncomingGrainCallFilter>(
        provider => new CallFilter(this, provider.GetRequiredService<ILocalSiloDetails>()));

    private sealed class Undo(Action undo) : IDisposable
    {
        public void Dispose() => undo();
    }

    private sealed class CallFilter(CountingCluster cluster, ILocalSiloDetails silo) : IIncomingGrainCallFilter
    {
        public async Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.InterfaceMethod.DeclaringType == typeof(IJobGrain)
                && context.MethodName is nameof(IJobGrain.Submit) or nameof(IJobGrain.SubmitIfCurrent))
            {
                cluster._jobs.AddOrUpdate(silo.SiloAddress, 1, (_, count) => count + 1);
                cluster._submits.Enqueue((context.TargetId, context.MethodName));
                if (cluster._onSubmit is { } step && await step(context.MethodName) is { } reply)
                {
                    context.Result = reply;
                    return;
                }
            }
            else if (context.InterfaceMethod.DeclaringType == typeof(ITaskGrain) && context.MethodName == nameof(ITaskGrain.Get))
            {
                Interlocked.Increment(ref cluster._taskReads);
            }

            await context.Invoke();
        }
    }
}
