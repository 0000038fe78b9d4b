using SyncCluster.Scripts;

namespace SyncCluster.Gateway.Backends.Local;

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
                current.Next ??= New();
                if (timeProvider.GetElapsedTime(current.Begun) <= patience)
                {
                    return current.Next.Task;
                }
            }

            begun = Begin(key, current?.Next ?? New());
        }

        // It also makes the reads of requests that come later.
        DetachedWork.Start(() => RunAsync(key, begun));
        return begun.Result.Task;
    }

    private static TaskCompletionSource<T> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private OngoingRead Begin(TKey key, TaskCompletionSource<T> result) => _ongoing[key] = new(result, timeProvider.GetTimestamp());

    private async Task RunAsync(TKey key, OngoingRead? current)
    {
        while (current is not null)
        {
            try
            {
                current.Result.SetResult(await read(key));
            }
            catch (Exception fault)
            {
                current.Result.SetException(fault);
            }

            current = After(key, current);
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
    /// <param name="begun">The timestamp of its beginning.</param>
    private sealed class OngoingRead(TaskCompletionSource<T> result, long begun)
    {
        public TaskCompletionSource<T> Result => result;

        public long Begun => begun;

        /// <summary>The result for the requests that came since; null if none did.</summary>
        public TaskCompletionSource<T>? Next { get; set; }
    }
}
