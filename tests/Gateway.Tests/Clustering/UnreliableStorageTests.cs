using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using SyncCluster.Harness;
using SyncCluster.Storage;
using Xunit.Abstractions;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>
/// A storage that fails, is slow, and reports applied writes as failed. Silos of TestingHost, whose storage is replaced; the gateways are real hosts,
/// so that a caller's answer is an HTTP answer.
/// </summary>
[Trait(WaitingRules.Trait, "I2"), Trait(WaitingRules.Trait, "I3")]
public sealed class UnreliableStorageTests(UnreliableCluster cluster, ITestOutputHelper output) : IClassFixture<UnreliableCluster>
{
    [Fact]
    public async Task Each_call_gets_its_own_answer_and_each_script_runs_once()
    {
        output.WriteLine($"The seed is {cluster.Storage.Seed}.");
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate);
        gate.Open();
        var answers = await Task.WhenAll(Enumerable.Range(0, 150).Select(call => cluster.CallAsync(call % 2, task)));
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(gate.Runs().Select(run => $"""["{run}"]""").Order(), answers.Select(answer => answer.Body).Order());
        Assert.Equal(150, gate.Runs().Distinct().Count());
        Assert.True(cluster.Storage.Failures > 50, $"Only {cluster.Storage.Failures} calls failed.");
        await Eventually.TrueAsync(() => cluster.Hub(0).Waiters + cluster.Hub(1).Waiters == 0, "no caller waits any more");
    }

    [Fact]
    public async Task Serial_jobs_never_run_at_once_and_all_of_them_run()
    {
        output.WriteLine($"The seed is {cluster.Storage.Seed}.");
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate, multitasking: false);
        gate.Open();
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(call => cluster.CallAsync(call % 2, task)));
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(40, gate.Runs().Distinct().Count());
        Assert.Equal(40, gate.Runs().Length);
        Assert.False(File.Exists(gate.Overlaps));
    }
}

/// <summary>Its silos share one unreliable storage.</summary>
public sealed class UnreliableCluster : TestingHostCluster
{
    internal UnreliableStorage Storage { get; } = new(Environment.TickCount);

    /// <summary>On a slow machine 5 s are too few tries for such a storage.</summary>
    protected override string[] GatewaySettings => ["--Waiting:Patience=00:01:00"];

    protected override void Replace(IServiceCollection services) => services.AddKeyedSingleton<IGrainStorage>(StorageNames.Jobs, Storage);
}

/// <summary>A third of its calls fail, half of the failed writes after they were applied; some are slow.</summary>
internal sealed class UnreliableStorage(int seed) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly MemoryStorage _inner = new();
    private readonly Random _random = new(seed);
    private int _failures;

    public int Seed => seed;

    public int Failures => _failures;

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await DelayAsync();
        FailAtTimes("The read failed.");
        await _inner.ReadStateAsync(stateName, grainId, grainState);
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await DelayAsync();
        FailAtTimes("The write was not applied.");
        var applied = new GrainState<T>(grainState.State, grainState.ETag) { RecordExists = grainState.RecordExists };
        await _inner.WriteStateAsync(stateName, grainId, applied);
        FailAtTimes("The write was applied, but its answer is lost.");
        grainState.ETag = applied.ETag;
        grainState.RecordExists = true;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        _inner.ClearStateAsync(stateName, grainId, grainState);

    /// <summary>The provider that it stands in for takes part in the silo's lifecycle; this one need not.</summary>
    public void Participate(ISiloLifecycle lifecycle)
    {
    }

    public void Dispose() => _inner.Dispose();

    private Task DelayAsync() => Next() < 0.05 ? Task.Delay(TimeSpan.FromMilliseconds(300 * Next())) : Task.CompletedTask;

    private void FailAtTimes(string message)
    {
        if (Next() < 0.18)
        {
            Interlocked.Increment(ref _failures);
            throw new TimeoutException(message);
        }
    }

    private double Next()
    {
        lock (_random)
        {
            return _random.NextDouble();
        }
    }
}
