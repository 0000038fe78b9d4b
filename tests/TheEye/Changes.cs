namespace SyncCluster.TheEye;

/// <summary>Lets tests wait for what the server has done, without polling.</summary>
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

        Look();
        return watcher.Seen;
    }

    /// <summary>To be called after each change, outside of locks.</summary>
    public void Signal()
    {
        // The change must be visible to a watcher that this does not see yet.
        Interlocked.MemoryBarrier();
        if (_count != 0)
        {
            Look();
        }
    }

    private void Look()
    {
        lock (_lock)
        {
            _watchers.RemoveAll(watcher => watcher.Look());
            _count = _watchers.Count;
        }
    }

    private sealed class Watcher(Func<bool> condition)
    {
        private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Seen => _seen.Task;

        public bool Look()
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
