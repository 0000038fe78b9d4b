namespace SyncCluster.Gateway.Backends.Local;

/// <summary>
/// Reads what many ask for at once, once for several of them. Nobody gets what was read before he asked: who comes while a read is under way waits for
/// the next one, together with all who come until that begins.
/// </summary>
/// <param name="read">Reads the value of a key.</param>
/// <param name="patience">A read that takes longer is not waited for: the next one begins beside it.</param>
/// <param name="timeProvider">Whose time that is.</param>
internal sealed class RequestCoalescer<TKey, T>(Func<TKey, Task<T>> read, TimeSpan patience, TimeProvider timeProvider)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, Underway> _underway = [];

    /// <summary>The value as it is now or later.</summary>
    public Task<T> ReadAsync(TKey key)
    {
        Underway begun;
        lock (_lock)
        {
            if (_underway.TryGetValue(key, out var current))
            {
                current.Next ??= New();
                if (timeProvider.GetElapsedTime(current.Begun) <= patience)
                {
                    return current.Next.Task;
                }
            }

            begun = Begin(key, current?.Next ?? New());
        }

        _ = RunAsync(key, begun);
        return begun.Result.Task;
    }

    private static TaskCompletionSource<T> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Underway Begin(TKey key, TaskCompletionSource<T> result) => _underway[key] = new(result, timeProvider.GetTimestamp());

    private async Task RunAsync(TKey key, Underway? current)
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

    /// <summary>What is to be read next; null where nobody waits, or it was begun already.</summary>
    private Underway? After(TKey key, Underway ended)
    {
        lock (_lock)
        {
            if (_underway.GetValueOrDefault(key) != ended)
            {
                return null;
            }

            _underway.Remove(key);
            return ended.Next is { } next ? Begin(key, next) : null;
        }
    }

    /// <param name="result">What those have who came in time for it.</param>
    /// <param name="begun">When it began.</param>
    private sealed class Underway(TaskCompletionSource<T> result, long begun)
    {
        public TaskCompletionSource<T> Result => result;

        public long Begun => begun;

        /// <summary>What those will have who came too late; null where nobody did.</summary>
        public TaskCompletionSource<T>? Next { get; set; }
    }
}
