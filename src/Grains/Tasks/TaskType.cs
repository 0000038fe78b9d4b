namespace SyncCluster.Tasks;

/// <summary>The types of tasks that can run here.</summary>
public enum TaskType
{
    Script = 0,

    /// <summary>Ends at once; its output is its arguments.</summary>
    Dummy = 1,
}
