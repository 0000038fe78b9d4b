namespace SyncCluster.TheEye;

/// <summary>Lets tests wait for changes of the server without polling.</summary>
internal sealed class Changes
{
    private readonly Lock _lock = new();
    private readonly List<Watcher> _watchers = [];
    private volatile int _count;

    public Task WhenAsync(Func<bool> condition)
    {
        var watcher = new Watcher(condition);
        lock (_lock)
        {
            _watchers.Add(watcher);
            _count = _watchers.Count;
        }

        Check();
        return watcher.Seen;
    }

    /// <summary>Checks the conditions. Called after each change, without a lock.</summary>
    public void Signal()
    {
        // A watcher that is added now and not seen here must see the change.
        Interlocked.MemoryBarrier();
        if (_count != 0)
        {
            Check();
        }
    }

    private void Check()
    {
        lock (_lock)
        {
            _watchers.RemoveAll(watcher => watcher.Check());
            _count = _watchers.Count;
        }
    }

    private sealed class Watcher(Func<bool> condition)
    {
        private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Seen => _seen.Task;

        public bool Check()
        {
            try
            {
                return condition() && _seen.TrySetResult();
            }
            catch (Exception fault)
            {
                return _seen.TrySetException(fault);
            }
        }
    }
}
