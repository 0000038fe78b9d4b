using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace SyncCluster.SerialTasks;

/// <summary>A task's line in storage. It changes by compare-and-swap on its ETag; after a failed write nothing is known until it was read again.</summary>
internal sealed partial class TaskQueueStore(IGrainStorage storage, GrainId grain, ILogger logger)
{
    private const int Tries = 3;
    private const string StateName = "line";

    private string? _etag;
    private bool _known;

    /// <summary>As last read or written. It may be older than what is stored; then no change of it is accepted.</summary>
    public TaskQueue Queue { get; private set; } = new();

    /// <summary>Has the change stand in storage. False: it can't be reached, and nothing is known.</summary>
    /// <param name="change">What is to be changed; may be called again on a newer line.</param>
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
        try
        {
            await storage.ReadStateAsync(StateName, grain, state);
        }
        catch (Exception fault)
        {
            LogFailed(fault, grain);
            return false;
        }

        (Queue, _etag, _known) = (state is { RecordExists: true, State: { } stored } ? stored : new TaskQueue(), state.ETag, true);
        return true;
    }

    private async Task<bool> WriteAsync(TaskQueue next)
    {
        var state = new GrainState<TaskQueue?>(next) { ETag = _etag, RecordExists = _etag is not null };
        try
        {
            await storage.WriteStateAsync(StateName, grain, state);
        }
        catch (Exception fault)
        {
            LogFailed(fault, grain);
            _known = false;
            return false;
        }

        (Queue, _etag) = (next, state.ETag);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Storage has failed at {Grain}: it will be read again.")]
    private partial void LogFailed(Exception fault, GrainId grain);
}
