namespace SyncCluster.Tasks;

/// <summary>The key of a task's grain: <c>customer/taskId</c>.</summary>
public static class TaskKey
{
    public static string Of(string customer, string taskId) => $"{customer}/{taskId}";
}
