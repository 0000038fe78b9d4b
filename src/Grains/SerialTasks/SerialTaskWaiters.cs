using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SyncCluster.Execution.Local;
using SyncCluster.Tasks;

namespace SyncCluster.SerialTasks;

/// <summary>
/// The jobs on this silo that wait in their tasks' lines; no worker waits with them. A job's turn is heard of from the answer to its entry, by a
/// message from the line, or from the line's answer to the question that is asked every few seconds.
/// </summary>
/// <param name="grains">The cluster's grains.</param>
/// <param name="silo">This silo.</param>
/// <param name="turn">Given a job whose turn has come, once.</param>
/// <param name="ended">Given a job that has ended without a turn, once.</param>
/// <param name="timeProvider">The time.</param>
/// <param name="logger">Of its owner.</param>
internal sealed partial class SerialTaskWaiters(
    IGrainFactory grains, SiloAddress silo, Action<QueuedJob> turn, Action<QueuedJob> ended, TimeProvider timeProvider, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, QueuedJob> _waiting = new();
    private volatile bool _closed;

    /// <summary>Has the job enter its task's line. False: no job waits here any more.</summary>
    public bool TryEnter(QueuedJob ticket)
    {
        _waiting[ticket.Key] = ticket;
        if (_closed)
        {
            return !_waiting.TryRemove(KeyValuePair.Create(ticket.Key, ticket));
        }

        // Not in the turn of the grain that released it.
        _ = Task.Run(() => HearAsync(LineOf(ticket), line => line.Enter(ticket.Spec.JobId, silo), [ticket]));
        return true;
    }

    /// <summary>The line says that the job's turn has come.</summary>
    /// <param name="key">Its <see cref="Jobs.JobKey"/>.</param>
    public void TurnHasCome(string key) => TakeOut(key, turn);

    /// <summary>Asks the lines until it is canceled: a message may have been lost.</summary>
    public async Task AskFromTimeToTimeAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, timeProvider);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                await Task.WhenAll(_waiting.Values.GroupBy(LineOf).Select(AskAsync));
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    /// <summary>Lets no job wait here any more, and gives those that did to whoever sees to them now.</summary>
    public void Close(Action<QueuedJob> seeTo)
    {
        _closed = true;
        foreach (var key in _waiting.Keys)
        {
            TakeOut(key, seeTo);
        }
    }

    private static string LineOf(QueuedJob ticket) => TaskKey.Of(ticket.Spec.Customer, ticket.Spec.TaskId);

    private Task AskAsync(IGrouping<string, QueuedJob> tickets)
    {
        QueuedJob[] waiting = [.. tickets.OrderBy(ticket => ticket.Spec.CreatedAt)];
        return HearAsync(tickets.Key, line => line.Wait([.. waiting.Select(ticket => ticket.Spec.JobId)], silo), waiting);
    }

    /// <summary>A question that fails is asked again in a while.</summary>
    private async Task HearAsync(string task, Func<ITaskQueueGrain, Task<TaskQueueReply?>> ask, QueuedJob[] tickets)
    {
        try
        {
            if (await ask(grains.GetGrain<ITaskQueueGrain>(task)) is not { } reply)
            {
                return;
            }

            foreach (var ticket in tickets)
            {
                if (ticket.Spec.JobId == reply.First)
                {
                    TakeOut(ticket.Key, turn);
                }
                else if (reply.Ended.Contains(ticket.Spec.JobId))
                {
                    TakeOut(ticket.Key, ended);
                }
            }
        }
        catch (Exception fault)
        {
            LogNoWord(fault, task);
        }
    }

    private void TakeOut(string key, Action<QueuedJob> seeTo)
    {
        if (_waiting.TryRemove(key, out var ticket))
        {
            seeTo(ticket);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "No word from the line of {Task}: it will be asked again.")]
    private partial void LogNoWord(Exception fault, string task);
}
