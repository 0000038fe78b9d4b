using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Serialization;
using Orleans.Storage;
using SyncCluster.Hosting.Storage;
using SyncCluster.Jobs;

namespace SyncCluster.Harness;

/// <summary>The storage of one process, in its memory.</summary>
internal sealed class MemoryStorage : IGrainStorage, IDisposable
{
    private readonly SqliteDatabase _database = new(
        SqliteFile.Open(SqliteFile.InMemory, isSynchronous: false),
        TimeProvider.System,
        NullLogger.Instance,
        fault => throw new InvalidOperationException("The disk did not confirm a write.", fault));

    private readonly SqliteGrainStorage _storage;

    public MemoryStorage() => _storage = new("test", _database, Serializer, TimeProvider.System, expiry: null);

    /// <summary>Writes states as a silo does.</summary>
    public static Serializer Serializer { get; } = new ServiceCollection()
        .AddSerializer(serializer => serializer.AddAssembly(typeof(JobRecord).Assembly))
        .BuildServiceProvider()
        .GetRequiredService<Serializer>();

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        _storage.ReadStateAsync(stateName, grainId, grainState);

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        _storage.WriteStateAsync(stateName, grainId, grainState);

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        _storage.ClearStateAsync(stateName, grainId, grainState);

    public void Dispose() => _database.Dispose();
}
