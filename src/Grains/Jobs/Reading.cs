namespace SyncCluster.Jobs;

/// <summary>How far an answer may rely on the activation's memory.</summary>
public enum Reading
{
    /// <summary>The record in memory is enough, unless it is old or the membership has changed since it was read.</summary>
    Cached = 0,

    /// <summary>Storage must be read: the last check before a waiter's deadline.</summary>
    Fresh = 1,
}
