namespace SyncCluster.Execution;

/// <summary>An executor's answer to a reservation for a new job.</summary>
public enum Reservation
{
    /// <summary>The capacity is reserved.</summary>
    Reserved,

    /// <summary>The queue is full.</summary>
    QueueFull,

    /// <summary>This silo accepts no jobs because it is starting or stopping. Another silo may.</summary>
    NotAccepting,
}
