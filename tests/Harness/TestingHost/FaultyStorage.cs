using System.Collections.Concurrent;
using Orleans.Storage;
using SyncCluster.Jobs;
using SyncCluster.Storage;

namespace SyncCluster.Harness;

/// <summary>How a write fails.</summary>
public enum WriteFault
{
    None,

    /// <summary>The write fails and is not applied.</summary>
    Before,

    /// <summary>The write is applied and then reported as failed.</summary>
    After,
}

/// <summary>A real storage, shared by all silos of a test, whose calls fail as the test says, grain by grain.</summary>
internal sealed class FaultyStorage : IGrainStorage, IStorageConnection, IDisposable
{
    private const string StateName = "job";

    private readonly MemoryStorage _inner = new();
    private readonly ConcurrentDictionary<GrainId, Faults> _faults = new();

    public bool IsConnected { get; private set; } = true;

    /// <summary>Has silos know that no write can be sent, until disposal.</summary>
    public IDisposable Disconnect()
    {
        IsConnected = false;
        return new Reconnection(this);
    }

    public Faults Of(GrainId grain) => _faults.GetOrAdd(grain, _ => new Faults());

    /// <summary>The stored record, read past all faults.</summary>
    public async Task<JobRecord?> PeekAsync(GrainId grain) => (await StateAsync(grain)).State;

    /// <summary>Stores a record as another activation would.</summary>
    public async Task PutAsync(GrainId grain, JobRecord record)
    {
        var state = await StateAsync(grain);
        state.State = record;
        await _inner.WriteStateAsync(StateName, grain, state);
    }

    /// <summary>Loses the stored record.</summary>
    public async Task RemoveAsync(GrainId grain) => await _inner.ClearStateAsync(StateName, grain, await StateAsync(grain));

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Of(grainId).ReadAsync();
        await _inner.ReadStateAsync(stateName, grainId, grainState);
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ChangeAsync(grainId, grainState, copy => _inner.WriteStateAsync(stateName, grainId, copy));

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ChangeAsync(grainId, grainState, copy => _inner.ClearStateAsync(stateName, grainId, copy));

    public void Dispose() => _inner.Dispose();

    private async Task ChangeAsync<T>(GrainId grainId, IGrainState<T> grainState, Func<GrainState<T>, Task> change)
    {
        await Of(grainId).BeforeWriteAsync();
        var fault = Of(grainId).Write();
        if (fault == WriteFault.Before)
        {
            throw new TimeoutException("The write was not applied.");
        }

        var copy = new GrainState<T>(grainState.State) { ETag = grainState.ETag, RecordExists = grainState.RecordExists };
        await change(copy);
        if (fault == WriteFault.After)
        {
            throw new TimeoutException("The write was applied, but its answer is lost.");
        }

        grainState.ETag = copy.ETag;
        grainState.RecordExists = copy.RecordExists;
    }

    private async Task<GrainState<JobRecord?>> StateAsync(GrainId grain)
    {
        var state = new GrainState<JobRecord?>();
        await _inner.ReadStateAsync(StateName, grain, state);
        return state;
    }

    private sealed class Reconnection(FaultyStorage storage) : IDisposable
    {
        public void Dispose() => storage.IsConnected = true;
    }

    /// <summary>The faults of one grain's record.</summary>
    internal sealed class Faults
    {
        private readonly ConcurrentQueue<WriteFault> _writes = new();
        private Func<Task>? _beforeNextWrite;
        private int _written;
        private int _read;

        public bool AllWritesFail { get; set; }

        public bool AllReadsFail { get; set; }

        /// <summary>Reads wait until it has completed.</summary>
        public Task Gate { get; set; } = Task.CompletedTask;

        /// <summary>How many writes were requested.</summary>
        public int Written => _written;

        /// <summary>How many reads were requested.</summary>
        public int Reads => _read;

        public void NextWrites(params WriteFault[] faults)
        {
            foreach (var fault in faults)
            {
                _writes.Enqueue(fault);
            }
        }

        /// <summary>Has something happen immediately before the next write.</summary>
        public void BeforeNextWrite(Func<Task> step) => _beforeNextWrite = step;

        public Task BeforeWriteAsync() => Interlocked.Exchange(ref _beforeNextWrite, null)?.Invoke() ?? Task.CompletedTask;

        public WriteFault Write()
        {
            Interlocked.Increment(ref _written);
            return _writes.TryDequeue(out var fault) ? fault : AllWritesFail ? WriteFault.Before : WriteFault.None;
        }

        public async Task ReadAsync()
        {
            Interlocked.Increment(ref _read);
            await Gate;
            if (AllReadsFail)
            {
                throw new TimeoutException("The read failed.");
            }
        }
    }
}
