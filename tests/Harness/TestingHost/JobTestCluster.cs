using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using Orleans.TestingHost;
using SyncCluster.Execution;
using SyncCluster.Hosting;
using SyncCluster.Jobs;
using SyncCluster.Jobs.Listing;
using SyncCluster.Placement;
using SyncCluster.Storage;
using SyncCluster.Tasks;

namespace SyncCluster.Harness;

/// <summary>
/// Three silos of <c>Microsoft.Orleans.TestingHost</c> in this process, with the product's own registration. Storage, executor and clock are
/// replaced, and the silos share them.
/// <para>
/// Messages are serialized and go through memory. A silo that is killed drops its work, but still leaves the membership by itself. Tests of crashes,
/// of connections and of what a silo serves over HTTP need processes or real hosts.
/// </para>
/// </summary>
public class JobTestCluster : IAsyncDisposable
{
    /// <summary>Longer than anything takes that works.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private const short SiloCount = 3;

    private InProcessTestCluster? _cluster;

    public JobTestCluster() => Capacity = new(StoredBytes);

    internal ShiftedClock Clock { get; } = new();

    internal FaultyStorage Storage { get; } = new();

    /// <summary>Of the tasks.</summary>
    internal MemoryStorage Catalog { get; } = new();

    internal StoredBytes StoredBytes { get; } = new();

    internal StorageCapacity Capacity { get; }

    internal RecordedJobIndex Index { get; } = new();

    internal RecordedJobs Executor { get; } = new();

    /// <summary>Of the cluster's client.</summary>
    internal IGrainFactory Grains => Cluster.Client;

    internal IServiceProvider Client => Cluster.Client.ServiceProvider;

    internal IReadOnlyList<InProcessSiloHandle> Silos => Cluster.Silos;

    /// <summary>A silo of the cluster, for jobs of which it does not matter where they run.</summary>
    internal SiloAddress RunnerAddress => Silos[0].SiloAddress;

    private InProcessTestCluster Cluster => _cluster ?? throw new InvalidOperationException("The cluster is not started.");

    /// <summary>Starts the silos and the client, and waits until all silos know each other.</summary>
    public async Task StartAsync()
    {
        var builder = new InProcessTestClusterBuilder(SiloCount) { Options = { ConfigureFileLogging = false } };
        builder.ConfigureSiloHost((_, host) => host.Configuration.AddInMemoryCollection(Settings));
        builder.ConfigureSilo((_, silo) => ConfigureSilo(silo));
        builder.ConfigureClient(ConfigureClient);
        _cluster = builder.Build();
        await Cluster.DeployAsync();
        await SettleAsync();
    }

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_cluster is not null)
        {
            await _cluster.StopAllSilosAsync();
            await _cluster.DisposeAsync();
        }

        Storage.Dispose();
        Catalog.Dispose();
    }

    /// <summary>Starts one more silo.</summary>
    internal async Task<InProcessSiloHandle> StartSiloAsync()
    {
        var silo = await Cluster.StartAdditionalSiloAsync();
        await SettleAsync();
        return silo;
    }

    /// <summary>Stops a silo as SIGTERM does.</summary>
    internal Task StopSiloAsync(InProcessSiloHandle silo) => Cluster.StopSiloAsync(silo);

    /// <summary>Stops a silo without letting it finish anything.</summary>
    internal Task KillSiloAsync(InProcessSiloHandle silo) => Cluster.KillSiloAsync(silo);

    /// <summary>Stops the client without letting it finish anything. Its gateways are gone.</summary>
    internal Task KillClientAsync() => Cluster.KillClientAsync();

    /// <summary>Starts another client in the place of the one that was killed.</summary>
    internal Task StartClientAsync() => Cluster.InitializeClientAsync();

    /// <summary>Has a grain leave memory.</summary>
    internal Task DeactivateAsync(IAddressable grain) => Cluster.DeactivateAsync(grain);

    /// <summary>How many gateways are subscribed to an unfinished job.</summary>
    internal int GatewaysOf(TestJob job) => Silos
        .SelectMany(silo => silo.ServiceProvider.GetRequiredService<ActiveJobs>().Oldest(int.MaxValue))
        .Where(active => active.JobId == job.Spec.JobId)
        .Sum(active => active.Gateways);

    /// <summary>The silos whose memory has the job, unfinished.</summary>
    internal InProcessSiloHandle[] SilosOf(TestJob job) => [.. Silos
        .Where(silo => silo.ServiceProvider.GetRequiredService<ActiveJobs>().Oldest(int.MaxValue).Any(active => active.JobId == job.Spec.JobId))];

    /// <summary>The silo that owns a job, as another silo or any sees it.</summary>
    internal InProcessSiloHandle OwnerOf(TestJob job, InProcessSiloHandle? seenBy = null)
    {
        var owners = (seenBy ?? Silos[0]).ServiceProvider.GetRequiredService<JobOwners>();
        return Silos.Single(silo => silo.SiloAddress.Equals(owners.AddressOf(job.Grain.GetGrainId()).SiloAddress));
    }

    /// <summary>A new job of a task that the test does not care about.</summary>
    internal TestJob NewJob(TaskType type = TaskType.Script) => NewJob(spec => spec with { Type = type });

    /// <summary>A new job that differs from others.</summary>
    internal TestJob NewJob(Func<JobSpec, JobSpec> change) => new(this, change(new JobSpec
    {
        JobId = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray().AsSpan(0, 12)),
        Customer = "demo",
        TaskId = "0123456789abcdef01234567",
        TaskName = "Greet",
        Type = TaskType.Script,
        Arguments = "[\"a\"]"u8.ToArray(),
        User = new JobUser("demo", "demo@example.com"),
        CreatedAt = DateTimeOffset.UnixEpoch,
    }));

    /// <summary>What runs the jobs.</summary>
    private protected virtual ExecutionMode Mode => new("Recording", services => services.AddExecutor<RecordingExecutor>());

    /// <summary>The silos' settings, as a file would have them.</summary>
    protected virtual IEnumerable<KeyValuePair<string, string?>> Settings => [];

    /// <summary>The product's registration, and what stands in for parts of it.</summary>
    protected virtual void ConfigureSilo(ISiloBuilder silo)
    {
        silo.AddSyncCluster(Mode);
        silo.Services.AddSingleton<MembershipView>();
        silo.Services.AddSingleton(services =>
            new JobOwners(services.GetRequiredService<MembershipView>(), services.GetRequiredService<ILocalSiloDetails>(), Clock));
        silo.Services.AddSingleton(Executor);
        silo.Services.AddSingleton<TimeProvider>(Clock);
        silo.Services.AddSingleton(StoredBytes);
        silo.Services.AddSingleton<IJobIndex>(Index);
        silo.Services.AddSingleton(Capacity);
        silo.Services.AddSingleton<IStorageConnection>(Storage);
        silo.Services.AddKeyedSingleton<IGrainStorage>(StorageNames.Jobs, Storage);
        silo.Services.AddKeyedSingleton<IGrainStorage>(StorageNames.Catalog, Catalog);
    }

    /// <summary>What the client has beyond the clustering.</summary>
    protected virtual void ConfigureClient(IClientBuilder client)
    {
    }

    /// <summary>Waits until each silo sees all others, under the same version of the membership: a later change is one that the test makes.</summary>
    private Task SettleAsync() => Eventually.TrueAsync(
        () =>
        {
            var views = Silos.Select(silo => silo.ServiceProvider.GetRequiredService<IClusterMembershipService>().CurrentSnapshot).ToArray();
            return views.All(view => view.Version == views[0].Version
                && view.Members.Values.Count(silo => silo.Status == SiloStatus.Active) == Silos.Count);
        },
        "all silos know each other");
}
