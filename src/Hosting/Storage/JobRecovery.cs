using SyncCluster.Jobs;
using SyncCluster.SerialTasks;

namespace SyncCluster.Hosting.Storage;

/// <summary>
/// Takes up what the process before has left unfinished, as it is taken up after the loss of a silo: once the server listens, it asks for each
/// unfinished job and task queue, at a limited rate. The grain then finds that the silo of its record is gone, releases the job again or ends it, and
/// counts it. So a job that was queued runs although nobody waits for it.
/// </summary>
internal sealed partial class JobRecovery(
    SqliteDatabase database,
    IGrainFactory grains,
    ILocalSiloDetails silo,
    IHostApplicationLifetime lifetime,
    TimeProvider timeProvider,
    ILogger<JobRecovery> logger) : BackgroundService
{
    /// <summary>How many are asked for in one <see cref="Interval"/>.</summary>
    private const int AtOnce = 20;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.1);

    /// <summary>The pause before those are asked for again that gave no answer.</summary>
    private static readonly RetryPolicy Repeat = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // Jobs that this process has got meanwhile are asked for as well, which changes nothing.
            await WaitUntilListeningAsync(stoppingToken);
            var left = database.ReadUnfinished();
            if (left.Count > 0)
            {
                LogTakesUp(left.Count);
            }

            for (var backoff = Repeat.NewBackoff(); left.Count > 0;)
            {
                left = await AskAsync(left, stoppingToken);
                if (left.Count > 0)
                {
                    LogRepeats(left.Count);
                    await Task.Delay(backoff.Next(), timeProvider, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops. The next one takes up the rest.
        }
    }

    /// <returns>Those that gave no answer.</returns>
    private async Task<IReadOnlyList<RowKey>> AskAsync(IReadOnlyList<RowKey> keys, CancellationToken stoppingToken)
    {
        var unanswered = new List<RowKey>();
        foreach (var some in keys.Chunk(AtOnce))
        {
            var answered = await Task.WhenAll(some.Select(AskAsync));
            unanswered.AddRange(some.Zip(answered).Where(one => !one.Second).Select(one => one.First));
            await Task.Delay(Interval, timeProvider, stoppingToken);
        }

        return unanswered;
    }

    private async Task<bool> AskAsync(RowKey key)
    {
        try
        {
            var grain = GrainId.Parse(key.Grain);
            return key.State switch
            {
                JobStore.StateName => await grains.GetGrainById<IJobGrain>(grain).Attach(null, Reading.Fresh) is not JobReply.Unavailable,
                TaskQueueStore.StateName => await grains.GetGrainById<ITaskQueueGrain>(grain).Wait([], silo.SiloAddress) is not null,
                _ => true,
            };
        }
        catch (Exception fault)
        {
            LogNoAnswer(fault, key.Grain);
            return false;
        }
    }

    private async Task WaitUntilListeningAsync(CancellationToken stoppingToken)
    {
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(listening.SetResult);
        await listening.Task.WaitAsync(stoppingToken);
    }
}
