namespace SyncCluster.Scripts;

/// <summary>
/// Keeps the writing of scripts and the starts of processes apart. A process inherits every descriptor that is open when it is forked, and keeps it
/// until it executes its own program. While any process has a script open for writing, the system refuses to run the script ("Text file busy").
/// </summary>
internal static class ForkLock
{
    // Many processes may be started at once.
    private static readonly ReaderWriterLockSlim Lock = new();

    /// <summary>Whether a thread waits for it; for tests.</summary>
    internal static bool IsAwaited => Lock.WaitingReadCount + Lock.WaitingWriteCount > 0;

    /// <summary>To be held, on one thread, while a file is open that may be run as a program.</summary>
    public static Holder Write()
    {
        Lock.EnterWriteLock();
        return new Holder(writes: true);
    }

    /// <summary>To be held, on one thread, while a process is started.</summary>
    public static Holder Start()
    {
        Lock.EnterReadLock();
        return new Holder(writes: false);
    }

    internal readonly ref struct Holder(bool writes)
    {
        public void Dispose()
        {
            if (writes)
            {
                Lock.ExitWriteLock();
            }
            else
            {
                Lock.ExitReadLock();
            }
        }
    }
}
