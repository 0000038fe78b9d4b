using SyncCluster.Scripts;

namespace SyncCluster;

/// <summary>
/// Lets requests for the same value share a read. No request gets a value that was read before it came: a request that comes during a read waits for the
/// next read, together with all that come until that begins.
/// </summary>
/// <param name="read">Reads the value of a key.</param>
/// <param name="patience">If a read takes longer, the next one begins beside it.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class RequestCoalescer<TKey, T>(Func<TKey, Task<T>> read, TimeSpan patience, TimeProvider timeProvider)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, OngoingRead> _ongoing = [];

    /// <summary>The value, read now or later.</summary>
    public Task<T> ReadAsync(TKey key)
    {
        OngoingRead begun;
        lock (_lock)
        {
            if (_ongoing.TryGetValue(key, out var current))
            {
                current.Next ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
                if (timeProvider.GetElapsedTime(current.Begun) <= patience)
                {
                    return current.Next.Task;
                }
            }

            begun = Begin(key, current?.Next);
        }

        // It also makes the reads of requests that come later.
        DetachedWork.Start(() => RunAsync(key, begun));
        return begun.Result.Task;
    }

    /// <param name="key">The key.</param>
    /// <param name="shared">The result for several requests, which continue on other threads; null: for one request alone.</param>
    private OngoingRead Begin(TKey key, TaskCompletionSource<T>? shared) =>
        _ongoing[key] = new(shared ?? new(), isShared: shared is not null, timeProvider.GetTimestamp());

    private async Task RunAsync(TKey key, OngoingRead? current)
    {
        while (current is not null)
        {
            var value = Read(key);
            await ((Task)value).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var (ended, next) = (current, After(key, current));
            if (next is null || ended.IsShared)
            {
                // A request that is alone continues on this thread, which has nothing else to do: another one would have to be woken.
                ended.Result.SetFromTask(value);
            }
            else
            {
                ThreadPool.UnsafeQueueUserWorkItem(_ => ended.Result.SetFromTask(value), null);
            }

            current = next;
        }
    }

    private Task<T> Read(TKey key)
    {
        try
        {
            return read(key);
        }
        catch (Exception fault)
        {
            return Task.FromException<T>(fault);
        }
    }

    /// <returns>The next read; null if no request waits for it, or it has begun already.</returns>
    private OngoingRead? After(TKey key, OngoingRead ended)
    {
        lock (_lock)
        {
            if (_ongoing.GetValueOrDefault(key) != ended)
            {
                return null;
            }

            _ongoing.Remove(key);
            return ended.Next is { } next ? Begin(key, next) : null;
        }
    }

    /// <param name="result">The result for the requests that came before the read began.</param>
    /// <param name="isShared">Whether there may be several of them.</param>
    /// <param name="begun">The timestamp of its beginning.</param>
    private sealed class OngoingRead(TaskCompletionSource<T> result, bool isShared, long begun)
    {
        public TaskCompletionSource<T> Result => result;

        public bool IsShared => isShared;

        public long Begun => begun;

        /// <summary>The result for the requests that came since; null if none did.</summary>
        public TaskCompletionSource<T>? Next { get; set; }
    }
}
