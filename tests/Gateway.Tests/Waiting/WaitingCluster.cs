using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.TestingHost;
using SyncCluster.Doors;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Harness;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>A cluster of the grains, and the waiters of gateways on its client.</summary>
public class WaitingCluster : JobTestCluster, IAsyncLifetime
{
    private readonly ConcurrentBag<IHostedService> _services = [];
    private readonly ConcurrentDictionary<(GrainId Job, string Method), int> _calls = new();

    /// <summary>By job, how many Leaves get lost on the way to its grain from now on.</summary>
    internal ConcurrentDictionary<GrainId, int> LostLeaves { get; } = new();

    /// <summary>Whether no grain can say that it moves, neither to its gateways nor to the silo that owns its job now.</summary>
    internal bool LosesMoves { get; set; }

    /// <summary>
    /// A deadline after <see cref="JobTestCluster.Patience"/>: what comes in time was not found by the last attach before the deadline.
    /// </summary>
    internal static Deadline Minute => new(TimeProvider.System, TimeSpan.FromMinutes(1));

    /// <summary>A deadline after all limits of a test: no attach is the last one before it.</summary>
    internal static Deadline Hour => new(TimeProvider.System, TimeSpan.FromHours(1));

    /// <summary>Options of a gateway that attaches again for no other reason than a message or a change of the silos.</summary>
    internal static WaitingOptions NoRegularAttach => new() { AttachInterval = TimeSpan.FromHours(1) };

    /// <summary>Where the silos listen for clients.</summary>
    internal IEnumerable<Uri> GatewayUris => UrisOf(Silos);

    Task IAsyncLifetime.InitializeAsync() => StartAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    public override async ValueTask DisposeAsync()
    {
        foreach (var service in _services)
        {
            await service.StopAsync(CancellationToken.None);
            (service as IDisposable)?.Dispose();
        }

        await base.DisposeAsync();
    }

    /// <summary>The waiters of a new gateway.</summary>
    internal async Task<WaiterHub> GatewayAsync(
        WaitingOptions? options = null, TimeProvider? time = null, JobDoors? doors = null, CancellationToken stop = default)
    {
        var hub = new WaiterHub(
            Grains,
            doors ?? NewDoors(),
            new FinishedJobs(),
            new GatewayLifetime(stop),
            Options.Create(options ?? new WaitingOptions()),
            TestMetrics.New(),
            time ?? TimeProvider.System,
            NullLoggerFactory.Instance);
        await RunAsync(hub);
        return hub;
    }

    /// <summary>
    /// The waiters of a new gateway that attaches again when a silo has left or joined, as in a cluster, and for a long time for no other reason. It does not
    /// give up a submit.
    /// </summary>
    internal async Task<WaiterHub> WatchingGatewayAsync(TimeProvider? time = null)
    {
        var doors = NewDoors();
        var options = NoRegularAttach;
        options.Silence = TimeSpan.FromHours(1);
        var hub = await GatewayAsync(options, time, doors);
        await RunAsync(new SiloMonitor(
            Client.GetRequiredService<IGatewayListProvider>(), doors, hub, TimeProvider.System, NullLogger<SiloMonitor>.Instance));
        return hub;
    }

    /// <summary>Starts a service of a gateway. It is stopped with the cluster.</summary>
    internal async Task RunAsync(IHostedService service)
    {
        _services.Add(service);
        await service.StartAsync(CancellationToken.None);
    }

    /// <summary>The silos' doors, as a new gateway knows them: none until it is told of silos.</summary>
    internal JobDoors NewDoors() => NewDoors(new(Client, NullLogger<ClientConnections>.Instance));

    /// <inheritdoc cref="NewDoors()"/>
    internal JobDoors NewDoors(ClientConnections connections) => new(Grains, connections, TimeProvider.System, NullLogger<JobDoors>.Instance);

    /// <summary>The doors of all silos, open; or those of some silos, to a gateway that knows no others.</summary>
    internal async Task<JobDoors> OpenDoorsAsync(params InProcessSiloHandle[] known)
    {
        var doors = NewDoors();
        await OpenAsync(doors, known);
        return doors;
    }

    /// <inheritdoc cref="OpenDoorsAsync"/>
    internal async Task OpenAsync(JobDoors doors, params InProcessSiloHandle[] known)
    {
        var silos = known is [] ? Silos : known;
        await Eventually.TrueAsync(
            () =>
            {
                doors.Update(UrisOf(silos));
                return doors.OpenDoors == silos.Count;
            },
            "the doors are open");
    }

    /// <summary>How many times the job's grain was called by a method.</summary>
    /// <param name="job">The job.</param>
    /// <param name="method">One of <see cref="IJobGrain"/>.</param>
    internal int CallsOf(TestJob job, string method) => CallsOf(job.Grain, method);

    /// <inheritdoc cref="CallsOf(TestJob, string)"/>
    internal int CallsOf(IAddressable grain, string method) => _calls.GetValueOrDefault((grain.GetGrainId(), method));

    /// <summary>How many times any grain or door was called by a method.</summary>
    internal int CallsOf(string method) => _calls.Where(calls => calls.Key.Method == method).Sum(calls => calls.Value);

    protected override void ConfigureSilo(ISiloBuilder silo)
    {
        base.ConfigureSilo(silo);
        silo.AddIncomingGrainCallFilter(LoseLeaveAsync);
        silo.AddOutgoingGrainCallFilter(LoseMoveAsync);
    }

    protected override void ConfigureClient(IClientBuilder client)
    {
        client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(1));
        client.AddOutgoingGrainCallFilter(call =>
        {
            _calls.AddOrUpdate((call.TargetId, call.MethodName), 1, (_, calls) => calls + 1);
            return call.Invoke();
        });
    }

    private static IEnumerable<Uri> UrisOf(IEnumerable<InProcessSiloHandle> silos) => silos.Select(silo => silo.GatewayAddress!.ToGatewayUri());

    private Task LoseLeaveAsync(IIncomingGrainCallContext call)
    {
        if (call.MethodName == nameof(IJobGrain.Leave) && LostLeaves.TryGetValue(call.TargetId, out var lost) && lost > 0)
        {
            LostLeaves[call.TargetId] = lost - 1;
            throw new TimeoutException("This Leave is lost.");
        }

        return call.Invoke();
    }

    private Task LoseMoveAsync(IOutgoingGrainCallContext call)
    {
        var isMove = call.MethodName is nameof(IJobObserver.Moved) or nameof(IJobGrain.Attach);
        return LosesMoves && isMove ? throw new TimeoutException("This move is lost.") : call.Invoke();
    }

    /// <summary>The lifetime of a gateway, which the test ends.</summary>
    private sealed class GatewayLifetime(CancellationToken stopping) : IHostApplicationLifetime
    {
        public CancellationToken ApplicationStarted => new(canceled: true);

        public CancellationToken ApplicationStopping => stopping;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() => throw new NotSupportedException("The test stops it.");
    }
}

/// <summary>One cluster for the tests that start and stop none of its silos.</summary>
[CollectionDefinition(Name)]
public sealed class WaitingCollection : ICollectionFixture<WaitingCluster>
{
    public const string Name = "waiting cluster";
}
