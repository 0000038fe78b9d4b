namespace SyncCluster.Execution.Local;

/// <summary>
/// The jobs that wait for a worker of this silo, by <see cref="FairQueue{T}"/>. While several customers call, the last free workers are kept for those
/// that have less than their share of all workers: scripts that were begun together end together, and who comes in between would wait for all of them.
/// </summary>
/// <param name="workers">How many there are.</param>
/// <param name="spare">How many are kept.</param>
/// <param name="timeProvider">The time.</param>
internal sealed class FairJobScheduler(int workers, int spare, TimeProvider timeProvider)
{
    /// <summary>For so long a customer counts that has called.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly FairQueue<QueuedJob> _tickets = new();
    private readonly Queue<Waiter> _waiters = new();
    private readonly Dictionary<string, long> _called = new(StringComparer.Ordinal);
    private bool _closed;

    /// <summary>False: it is closed.</summary>
    public bool TryAdd(QueuedJob ticket)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return false;
            }

            _called[ticket.Spec.Customer] = timeProvider.GetTimestamp();
            _tickets.Enqueue(ticket.Spec.Customer, ticket);
            GiveOut();
            return true;
        }
    }

    /// <summary>
    /// The next ticket for a worker, which is to be given to <see cref="Ended"/>; null when the queue is closed and empty. Nothing that was added after
    /// <paramref name="stop"/> was canceled is given to its bearer.
    /// </summary>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was canceled.</exception>
    public async Task<QueuedJob?> NextAsync(CancellationToken stop)
    {
        var next = Wait(new Waiter(IsWorker: true, stop));
        using var canceled = stop.Register(() =>
        {
            lock (_lock)
            {
                GiveOut();
            }
        });
        return await next;
    }

    /// <summary>A ticket that is left when no worker takes any more; null when the queue is closed and empty.</summary>
    public Task<QueuedJob?> LeftAsync() => Wait(new Waiter(IsWorker: false, CancellationToken.None));

    /// <summary>The ticket has no worker any more.</summary>
    public void Ended(QueuedJob ticket)
    {
        lock (_lock)
        {
            _tickets.Ended(ticket.Spec.Customer);
            GiveOut();
        }
    }

    /// <summary>Nothing is added any more; what is there is still given out.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            GiveOut();
        }
    }

    private Task<QueuedJob?> Wait(Waiter waiter)
    {
        lock (_lock)
        {
            _waiters.Enqueue(waiter);
            GiveOut();
        }

        return waiter.Ticket.Task;
    }

    private void GiveOut()
    {
        while (_waiters.TryPeek(out var waiter))
        {
            if (waiter.Stop.IsCancellationRequested)
            {
                waiter.Ticket.SetCanceled(waiter.Stop);
            }
            else if (_tickets.TryDequeue(out var ticket, waiter.IsWorker ? MayHave() : int.MaxValue))
            {
                waiter.Ticket.SetResult(ticket);
            }
            else if (_closed && _tickets.IsEmpty)
            {
                waiter.Ticket.SetResult(null);
            }
            else
            {
                return;
            }

            _waiters.Dequeue();
        }
    }

    /// <summary>How many workers a customer must have less than to get another one.</summary>
    private int MayHave()
    {
        if (_waiters.Count > spare)
        {
            return int.MaxValue;
        }

        foreach (var (customer, at) in _called)
        {
            if (timeProvider.GetElapsedTime(at) > Remembered)
            {
                _called.Remove(customer);
            }
        }

        return _called.Count > 1 ? Math.Max(1, workers / _called.Count) : int.MaxValue;
    }

    /// <summary>A worker that is free, or who sees to what is left.</summary>
    private sealed record Waiter(bool IsWorker, CancellationToken Stop)
    {
        public TaskCompletionSource<QueuedJob?> Ticket { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
