namespace SyncCluster.Scripts;

/// <summary>
/// Starts work that outlives what has started it, and serves others as well: without the execution context, which would have all of it be a part of
/// the first call, in its trace and in the scopes of its log.
/// </summary>
internal static class DetachedWork
{
    private static readonly ExecutionContext Empty = CaptureEmpty();

    /// <summary>Calls it at once, on this thread.</summary>
    public static void Start(Func<Task> work) => ExecutionContext.Run(Empty, static work => _ = ((Func<Task>)work!)(), work);

    private static ExecutionContext CaptureEmpty()
    {
        ExecutionContext? empty = null;
        var thread = new Thread(() => empty = ExecutionContext.Capture());
        thread.UnsafeStart();
        thread.Join();
        return empty!;
    }
}
