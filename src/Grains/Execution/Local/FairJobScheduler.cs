namespace SyncCluster.Execution.Local;

/// <summary>
/// The jobs that wait for a worker of this silo, in the order of <see cref="FairQueue{T}"/>. While several customers call, the last free workers are
/// reserved for customers that have less than their share of all workers: scripts that started together end together, and a job that came in between
/// would wait for all of them.
/// </summary>
/// <param name="workers">The number of workers.</param>
/// <param name="reserved">The number of workers that are reserved.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class FairJobScheduler(int workers, int reserved, TimeProvider timeProvider)
{
    /// <summary>How long a customer counts after its last call.</summary>
    private static readonly TimeSpan ActiveTime = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly FairQueue<QueuedJob> _jobs = new();
    private readonly Queue<Request> _requests = new();
    private readonly Dictionary<string, long> _lastCalls = new(StringComparer.Ordinal);
    private bool _isClosed;

    /// <summary>How many jobs wait for a worker.</summary>
    public int Length
    {
        get
        {
            lock (_lock)
            {
                return _jobs.Count;
            }
        }
    }

    /// <summary>Adds a job. False: the queue is closed.</summary>
    public bool TryAdd(QueuedJob job)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return false;
            }

            _lastCalls[job.Spec.Customer] = timeProvider.GetTimestamp();
            _jobs.Enqueue(job.Spec.Customer, job);
            Dispatch();
            return true;
        }
    }

    /// <summary>
    /// The next job for a worker, which must call <see cref="Ended"/> with it; null when the queue is closed and empty. A job that is added after
    /// <paramref name="stop"/> was canceled is not returned.
    /// </summary>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was canceled.</exception>
    public async Task<QueuedJob?> TakeAsync(CancellationToken stop)
    {
        var next = EnqueueRequest(new Request(IsWorker: true, stop));
        using var canceled = stop.Register(() =>
        {
            lock (_lock)
            {
                Dispatch();
            }
        });
        return await next;
    }

    /// <summary>The next job for the handover, once no worker takes any more; null when the queue is closed and empty.</summary>
    public Task<QueuedJob?> TakeForHandoverAsync() => EnqueueRequest(new Request(IsWorker: false, CancellationToken.None));

    /// <summary>The job's worker is free again.</summary>
    public void Ended(QueuedJob job)
    {
        lock (_lock)
        {
            _jobs.Ended(job.Spec.Customer);
            Dispatch();
        }
    }

    /// <summary>Accepts no more jobs. Those in the queue can still be taken.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            Dispatch();
        }
    }

    private Task<QueuedJob?> EnqueueRequest(Request request)
    {
        lock (_lock)
        {
            _requests.Enqueue(request);
            Dispatch();
        }

        return request.Job.Task;
    }

    private void Dispatch()
    {
        while (_requests.TryPeek(out var request))
        {
            if (request.Stop.IsCancellationRequested)
            {
                request.Job.SetCanceled(request.Stop);
            }
            else if (_jobs.TryDequeue(out var job, request.IsWorker ? RunningLimit() : int.MaxValue))
            {
                request.Job.SetResult(job);
            }
            else if (_isClosed && _jobs.IsEmpty)
            {
                request.Job.SetResult(null);
            }
            else
            {
                return;
            }

            _requests.Dequeue();
        }
    }

    /// <summary>A customer gets another worker only if it has fewer than this.</summary>
    private int RunningLimit()
    {
        if (_requests.Count > reserved)
        {
            return int.MaxValue;
        }

        foreach (var (customer, at) in _lastCalls)
        {
            if (timeProvider.GetElapsedTime(at) > ActiveTime)
            {
                _lastCalls.Remove(customer);
            }
        }

        return _lastCalls.Count > 1 ? Math.Max(1, workers / _lastCalls.Count) : int.MaxValue;
    }

    /// <summary>A free worker, or the handover, that waits for a job.</summary>
    private sealed record Request(bool IsWorker, CancellationToken Stop)
    {
        public TaskCompletionSource<QueuedJob?> Job { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
