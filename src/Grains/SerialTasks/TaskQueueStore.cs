using Microsoft.Extensions.Logging;
using Orleans.Storage;
using SyncCluster.Telemetry;

namespace SyncCluster.SerialTasks;

/// <summary>
/// A task's queue: as it is stored, and as this activation knows it. It changes only by compare-and-swap on its ETag; after a failed write it is
/// unknown until it has been read again.
/// </summary>
internal sealed partial class TaskQueueStore(
    IGrainStorage storage, GrainId grain, ServerMetrics metrics, TimeProvider timeProvider, ILogger logger)
{
    private const int Tries = 3;
    /// <summary>The name of the record in the storage.</summary>
    public const string StateName = "line";

    private string? _etag;
    private bool _known;

    /// <summary>The queue as last read or written. If the stored one is newer, no change of this one is accepted.</summary>
    public TaskQueue Queue { get; private set; } = new();

    /// <summary>Changes the queue in storage. False: storage can't be reached, and the queue is unknown.</summary>
    /// <param name="change">The change; it may be called again, on a newer queue.</param>
    public async Task<bool> ChangeAsync(Func<TaskQueue, TaskQueue> change)
    {
        for (var tries = 0; tries < Tries; tries++)
        {
            if (_known || await ReadAsync())
            {
                var next = change(Queue);
                if (ReferenceEquals(next, Queue) || await WriteAsync(next))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private async Task<bool> ReadAsync()
    {
        var state = new GrainState<TaskQueue?>();
        var begun = timeProvider.GetTimestamp();
        try
        {
            await storage.ReadStateAsync(StateName, grain, state);
        }
        catch (Exception fault)
        {
            metrics.StorageReadFailed();
            LogReadFailed(fault, grain);
            return false;
        }

        metrics.StorageRead(timeProvider.GetElapsedTime(begun));
        (Queue, _etag, _known) = (state is { RecordExists: true, State: { } stored } ? stored : new TaskQueue(), state.ETag, true);
        return true;
    }

    private async Task<bool> WriteAsync(TaskQueue next)
    {
        var state = new GrainState<TaskQueue?>(next) { ETag = _etag, RecordExists = _etag is not null };
        var begun = timeProvider.GetTimestamp();
        try
        {
            await storage.WriteStateAsync(StateName, grain, state);
        }
        catch (Exception fault)
        {
            metrics.StorageWriteFailed(fault);
            LogWriteFailed(fault, grain);
            _known = false;
            return false;
        }

        metrics.StorageWritten(timeProvider.GetElapsedTime(begun));
        (Queue, _etag) = (next, state.ETag);
        return true;
    }
}
