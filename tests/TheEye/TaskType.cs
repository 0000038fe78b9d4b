namespace SyncCluster.TheEye;

public enum TaskType
{
    /// <summary>Run by an agent.</summary>
    Script,

    /// <summary>Ended at creation, with the arguments for its output.</summary>
    Dummy,

    /// <summary>Ended at creation.</summary>
    Notification,

    /// <summary>On hold until somebody approves it.</summary>
    Approval,
}
