namespace SyncCluster.TheEye;

public enum TaskType
{
    /// <summary>Its jobs are run by an agent.</summary>
    Script,

    /// <summary>Its jobs end when they are created, with the arguments as their output.</summary>
    Dummy,

    /// <summary>Its jobs end when they are created.</summary>
    Notification,

    /// <summary>On hold until it is approved.</summary>
    Approval,
}
