using System.Globalization;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks.Recipes;

/// <summary>What came of reading a recipe.</summary>
internal abstract record ParsedRecipe
{
    private ParsedRecipe()
    {
    }

    /// <param name="Definition">The task.</param>
    /// <param name="Script">Its script's bytes; empty where it has none.</param>
    internal sealed record Accepted(TaskDefinition Definition, byte[] Script) : ParsedRecipe;

    /// <param name="Status">400: it is no JSON object. 422: it can't be run here.</param>
    /// <param name="Message">What is wrong and what to do about it.</param>
    internal sealed record Refused(int Status, string Message) : ParsedRecipe;

    public static Refused NotJson { get; } = new(400, "The recipe is not well-formed JSON. Send a task as TheEye exports it.");

    public static Refused NotObject { get; } = new(400, """A recipe is a JSON object: {"task":{…},"file":{…}}. Send a task as TheEye exports it.""");

    public static Refused Workflow { get; } =
        new(422, "Workflows can't be run here. Export the tasks of the workflow and import each of them.");

    public static Refused NoTask { get; } =
        new(422, """The recipe has no task. It must look like {"task":{…},"file":{…}}, as TheEye exports it.""");
}

/// <summary>
/// A task as TheEye exports and imports it: <c>{"task":{…},"file":{filename, mimetype, md5, data}}</c>. Members that mean nothing here are passed
/// over.
/// </summary>
internal static partial class Recipe
{
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromHours(6);

    public static ParsedRecipe TryParse(ReadOnlyMemory<byte> json, string customer, string taskId, byte[] secretHash, DateTimeOffset now)
    {
        if (!JsonText.TryParse(json, out var document))
        {
            return ParsedRecipe.NotJson;
        }

        using (document)
        {
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? Read(document.RootElement, customer, taskId, secretHash, now)
                : ParsedRecipe.NotObject;
        }
    }

    private static ParsedRecipe Read(JsonElement recipe, string customer, string taskId, byte[] secretHash, DateTimeOffset now)
    {
        var complaints = new Complaints();
        if (IsWorkflow(recipe) || (JsonText.TryGetMember(recipe, "task", out var json) && IsWorkflow(json)))
        {
            return ParsedRecipe.Workflow;
        }

        if (json.ValueKind != JsonValueKind.Object)
        {
            return ParsedRecipe.NoTask;
        }

        var task = new RecipeFields(json, "task", complaints);
        var type = TypeOf(task, complaints);
        var file = type == TaskType.Script && complaints.First is null ? RecipeFile.Read(recipe, complaints) : null;
        var definition = new TaskDefinition
        {
            Id = taskId,
            Customer = customer,
            Name = NameOf(task),
            Description = task.Text("description") ?? "",
            Type = type,
            Arguments = RecipeArguments.Read(task, complaints),
            ArgumentsType = task.Word("arguments_type", "legacy", "json", "text") switch
            {
                "json" => ArgumentsType.Json,
                "text" => ArgumentsType.Text,
                _ => ArgumentsType.Legacy,
            },
            Acl = AclOf(task),
            Timeout = TimeoutOf(task),
            Env = RecipeEnvironment.Read(task),
            Runas = RunasOf(task, complaints),
            Cancellable = task.Flag("cancellable"),
            Multitasking = task.Flag("multitasking"),
            DefaultStateEvaluation = task.Word("default_state_evaluation", "success", "failure"),
            SecretHash = secretHash,
            Filename = file?.Filename,
            CreatedAt = now,
            ScriptDigest = file?.Digest,
            Mimetype = file?.Mimetype,
        };
        return complaints.First is { } complaint
            ? new ParsedRecipe.Refused(422, complaint)
            : new ParsedRecipe.Accepted(definition, file?.Script ?? []);
    }

    private static bool IsWorkflow(JsonElement json) =>
        (JsonText.TryGetMember(json, "_type", out var documentType) && JsonText.AsString(documentType) == "Workflow")
        || (JsonText.TryGetMember(json, "type", out var type) && JsonText.AsString(type) == "workflow")
        || JsonText.TryGetMember(json, "graph", out _)
        || JsonText.TryGetMember(json, "nodes", out _)
        || JsonText.TryGetMember(json, "tasks", out _)
        || (JsonText.TryGetMember(json, "workflow", out var workflow) && workflow.ValueKind == JsonValueKind.Object);

    private static TaskType TypeOf(RecipeFields task, Complaints complaints)
    {
        var word = task.Text("type") ?? task.Text("_type") ?? "";
        switch (word)
        {
            case "script" or "ScriptTask":
                return TaskType.Script;
            case "dummy" or "DummyTask":
                return TaskType.Dummy;
            default:
                var name = word.Length > 40 ? $"{word[..40]}…" : word;
                complaints.Add($"Tasks of type \"{name}\" can't be run here. The types that can are: script, dummy.");
                return TaskType.Dummy;
        }
    }

    private static string NameOf(RecipeFields task)
    {
        var name = task.Text("name", 256);
        if (string.IsNullOrWhiteSpace(name))
        {
            task.Complain("name", "must not be empty");
        }

        return name ?? "";
    }

    private static string[] AclOf(RecipeFields task)
    {
        var entries = task.List("acl");
        if (entries.Any(entry => entry.ValueKind != JsonValueKind.String))
        {
            task.Complain("acl", "must be an array of e-mails, roles or tags, each as text");
            return [];
        }

        return [.. entries.Select(JsonText.StringOf)];
    }

    private static TimeSpan TimeoutOf(RecipeFields task)
    {
        if (task.Find("timeout") is not { } value || JsonText.AsString(value) is "")
        {
            return TaskDefinition.DefaultTimeout;
        }

        var text = JsonText.AsString(value) ?? value.GetRawText();
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var milliseconds)
            || !(milliseconds > 0 && milliseconds <= MaxTimeout.TotalMilliseconds))
        {
            task.Complain("timeout", "must be a number of milliseconds above 0 and up to 21600000, which is 6 hours");
            return TaskDefinition.DefaultTimeout;
        }

        return TimeSpan.FromMilliseconds((long)Math.Ceiling(milliseconds));
    }

    private static string RunasOf(RecipeFields task, Complaints complaints)
    {
        var command = task.Text("script_runas");
        if (string.IsNullOrWhiteSpace(command))
        {
            return Runas.Placeholder;
        }

        if (!Runas.TryNormalise(command, out var normal, out var complaint))
        {
            complaints.Add(complaint);
        }

        return normal ?? Runas.Placeholder;
    }
}
