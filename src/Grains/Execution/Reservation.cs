namespace SyncCluster.Execution;

/// <summary>What a new job gets of an executor.</summary>
public enum Reservation
{
    Reserved,

    /// <summary>The queue is full.</summary>
    QueueFull,

    /// <summary>This silo takes no jobs, since it stops or starts: another one may.</summary>
    NotAccepting,
}
