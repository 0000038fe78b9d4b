namespace SyncCluster.Tasks;

/// <summary>An argument of a task.</summary>
/// <param name="Order">Its position among all arguments of the task, from 0.</param>
/// <param name="Type">TheEye's type: <c>input</c>, <c>select</c>, <c>file</c>, <c>fixed</c>, …</param>
/// <param name="Label">Its label in a form.</param>
/// <param name="FixedValue">JSON text of the value, if <paramref name="Type"/> is <c>fixed</c>.</param>
[GenerateSerializer, Immutable, Alias("sync.task.argument")]
public sealed record TaskArgument(
    [property: Id(0)] int Order,
    [property: Id(1)] string Type,
    [property: Id(2)] string Label,
    [property: Id(3)] string? FixedValue)
{
    internal const string FixedType = "fixed";

    /// <summary>All other members of its definition, as they were imported: a JSON object. Null if there are none.</summary>
    [Id(4)]
    public string? Definition { get; init; }

    public bool IsFixed => Type == FixedType;
}
