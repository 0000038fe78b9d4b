using System.Collections.Concurrent;
using Orleans.Storage;
using SyncCluster.Jobs;
using SyncCluster.Storage;

namespace SyncCluster.Gateway.Tests.Waiting;

public enum Fault
{
    None,

    /// <summary>It fails, and nothing has happened.</summary>
    Before,

    /// <summary>A write that is applied and then reported as failed.</summary>
    After,
}

/// <summary>A real storage whose calls fail when they are told to, job by job.</summary>
internal sealed class FaultyStorage : IGrainStorage, IDisposable
{
    private const string StateName = "job";

    private readonly InMemoryGrainStorage _inner = new(new InMemoryStorageOptions(), TimeProvider.System);
    private readonly ConcurrentDictionary<GrainId, Faults> _faults = new();

    public Faults Of(GrainId grain) => _faults.GetOrAdd(grain, _ => new Faults());

    /// <summary>What stands in storage, past all faults.</summary>
    public async Task<JobRecord?> PeekAsync(GrainId grain) => (await StateAsync(grain)).State;

    /// <summary>Puts a record there as another activation would.</summary>
    public async Task PutAsync(GrainId grain, JobRecord record)
    {
        var state = await StateAsync(grain);
        state.State = record;
        await _inner.WriteStateAsync(StateName, grain, state);
    }

    /// <summary>Loses what stands there.</summary>
    public async Task RemoveAsync(GrainId grain) => await _inner.ClearStateAsync(StateName, grain, await StateAsync(grain));

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Of(grainId).ReadAsync();
        await _inner.ReadStateAsync(stateName, grainId, grainState);
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var fault = Of(grainId).Write();
        if (fault == Fault.Before)
        {
            throw new TimeoutException("The write was not applied.");
        }

        var copy = new GrainState<T>(grainState.State) { ETag = grainState.ETag, RecordExists = grainState.RecordExists };
        await _inner.WriteStateAsync(stateName, grainId, copy);
        if (fault == Fault.After)
        {
            throw new TimeoutException("The write was applied, but its answer is lost.");
        }

        grainState.ETag = copy.ETag;
        grainState.RecordExists = true;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        _inner.ClearStateAsync(stateName, grainId, grainState);

    public void Dispose() => _inner.Dispose();

    private async Task<GrainState<JobRecord?>> StateAsync(GrainId grain)
    {
        var state = new GrainState<JobRecord?>();
        await _inner.ReadStateAsync(StateName, grain, state);
        return state;
    }

    internal sealed class Faults
    {
        private readonly ConcurrentQueue<Fault> _writes = new();
        private int _written;
        private int _read;

        public bool AllWritesFail { get; set; }

        public bool AllReadsFail { get; set; }

        /// <summary>What reads wait for before they go on.</summary>
        public Task Gate { get; set; } = Task.CompletedTask;

        /// <summary>How many writes were asked for.</summary>
        public int Written => _written;

        /// <summary>How many reads were asked for.</summary>
        public int Reads => _read;

        public void NextWrites(params Fault[] faults)
        {
            foreach (var fault in faults)
            {
                _writes.Enqueue(fault);
            }
        }

        public Fault Write()
        {
            Interlocked.Increment(ref _written);
            return _writes.TryDequeue(out var fault) ? fault : AllWritesFail ? Fault.Before : Fault.None;
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
