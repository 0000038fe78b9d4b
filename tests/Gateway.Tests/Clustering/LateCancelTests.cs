using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using SyncCluster.Gateway.Auth;
using SyncCluster.Harness;
using SyncCluster.Storage;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>A job is canceled when its script has ended and its end is not stored yet.</summary>
public sealed class LateCancelTests(LateCancelCluster cluster) : IClassFixture<LateCancelCluster>
{
    [Fact]
    public async Task A_cancel_that_comes_after_the_scripts_end_is_a_409_and_the_answer_is_kept()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate);
        var call = cluster.CallAsync(0, task);
        var job = await gate.FirstRunAsync();
        cluster.Storage.IsReadOnly = true;
        gate.Open();
        await Eventually.TrueAsync(() => cluster.Storage.Refused > 0, "the end of the script is reported");
        var cancel = cluster.SendAsync(1, HttpMethod.Put, $"/demo/job/{job}/cancel?access_token={DemoMode.UserToken}");
        await Eventually.TrueAsync(() => cluster.Hub(1).Waiters == 1 || cancel.IsCompleted, "the cancel has told the job to stop");
        cluster.Storage.IsReadOnly = false;
        using var canceled = await cancel;
        Assert.Equal((200, $"""["{job}"]"""), await call);
        Assert.Equal(HttpStatusCode.Conflict, canceled.StatusCode);
    }
}

public sealed class LateCancelCluster : TestingHostCluster
{
    internal ReadOnlyStorage Storage { get; } = new();

    protected override void Replace(IServiceCollection services) => services.AddKeyedSingleton<IGrainStorage>(StorageNames.Jobs, Storage);
}

/// <summary>A storage that can refuse writes.</summary>
internal sealed class ReadOnlyStorage : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly MemoryStorage _inner = new();
    private int _refused;

    public bool IsReadOnly { get; set; }

    /// <summary>How many writes were refused.</summary>
    public int Refused => Volatile.Read(ref _refused);

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        _inner.ReadStateAsync(stateName, grainId, grainState);

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (IsReadOnly)
        {
            Interlocked.Increment(ref _refused);
            throw new TimeoutException("The storage takes no writes.");
        }

        return _inner.WriteStateAsync(stateName, grainId, grainState);
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        _inner.ClearStateAsync(stateName, grainId, grainState);

    /// <summary>The provider that it stands in for takes part in the silo's lifecycle; this one need not.</summary>
    public void Participate(ISiloLifecycle lifecycle)
    {
    }

    public void Dispose() => _inner.Dispose();
}
