namespace SyncCluster.Tasks.Recipes;

/// <summary>The result of reading a recipe.</summary>
internal abstract record ParsedRecipe
{
    private ParsedRecipe()
    {
    }

    /// <param name="Definition">The task.</param>
    /// <param name="Script">Its script's bytes; empty if it has none.</param>
    internal sealed record Accepted(TaskDefinition Definition, byte[] Script) : ParsedRecipe;

    /// <param name="Status">400: it is not a JSON object. 422: it can't run here.</param>
    /// <param name="Message">What is wrong, and what to do about it.</param>
    internal sealed record Refused(int Status, string Message) : ParsedRecipe;

    public static Refused NotJson { get; } = new(400, "The recipe is not well-formed JSON. Send a task as TheEye exports it.");

    public static Refused NotObject { get; } = new(400, """A recipe is a JSON object: {"task":{…},"file":{…}}. Send a task as TheEye exports it.""");

    public static Refused Workflow { get; } = new(422, "Workflows can't run here. Export the tasks of the workflow and import each of them.");

    public static Refused NoTask { get; } =
        new(422, """The recipe has no task. It must look like {"task":{…},"file":{…}}, as TheEye exports it.""");
}
