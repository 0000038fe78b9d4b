namespace SyncCluster.Tasks;

/// <summary>TheEye's names of task and argument types.</summary>
internal static class TaskWireNames
{
    public static string WireName(this TaskType type) => type switch
    {
        TaskType.Script => "script",
        TaskType.Dummy => "dummy",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    /// <summary>The <c>_type</c> of a task's document.</summary>
    public static string DocumentType(this TaskType type) => type switch
    {
        TaskType.Script => "ScriptTask",
        TaskType.Dummy => "DummyTask",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    public static string WireName(this ArgumentsType type) => type switch
    {
        ArgumentsType.Legacy => "legacy",
        ArgumentsType.Json => "json",
        ArgumentsType.Text => "text",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };
}
