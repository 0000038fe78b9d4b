namespace SyncCluster.Execution.Local;

/// <summary>The jobs that wait for a worker of this silo, by <see cref="FairQueue{T}"/>.</summary>
internal sealed class TicketQueue : IDisposable
{
    private readonly Lock _lock = new();
    private readonly FairQueue<Ticket> _tickets = new();

    /// <summary>One for each ticket, and one more that stays when the queue is closed.</summary>
    private readonly SemaphoreSlim _signals = new(0);
    private bool _closed;

    /// <summary>False: it is closed.</summary>
    public bool TryAdd(Ticket ticket)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return false;
            }

            _tickets.Enqueue(ticket.Spec.Customer, ticket);
        }

        _signals.Release();
        return true;
    }

    /// <summary>
    /// The next ticket, which is to be given to <see cref="Ended"/>; null when the queue is closed and empty. Nothing that was added after
    /// <paramref name="stop"/> was canceled is given to its bearer.
    /// </summary>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was canceled.</exception>
    public async Task<Ticket?> NextAsync(CancellationToken stop)
    {
        await _signals.WaitAsync(stop);
        lock (_lock)
        {
            if (!stop.IsCancellationRequested && _tickets.TryDequeue(out var next))
            {
                return next;
            }
        }

        _signals.Release();
        stop.ThrowIfCancellationRequested();
        return null;
    }

    /// <summary>The ticket has no worker any more.</summary>
    public void Ended(Ticket ticket)
    {
        lock (_lock)
        {
            _tickets.Ended(ticket.Spec.Customer);
        }
    }

    /// <summary>Nothing is added any more; what is there is still given out.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
        }

        _signals.Release();
    }

    /// <inheritdoc/>
    public void Dispose() => _signals.Dispose();
}
