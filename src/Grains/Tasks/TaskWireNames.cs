namespace SyncCluster.Tasks;

/// <summary>The names of task and argument types, which are TheEye's, and of the rule for arguments.</summary>
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

    public static string WireName(this ArgumentRule rule) => rule switch
    {
        ArgumentRule.Lenient => "lenient",
        ArgumentRule.Strict => "strict",
        _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, null),
    };

    public static string WireName(this ArgumentsType type) => type switch
    {
        ArgumentsType.Legacy => "legacy",
        ArgumentsType.Json => "json",
        ArgumentsType.Text => "text",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };
}
