using System.Security.Cryptography;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks;

/// <summary>A task as TheEye exports it: <c>{"task":{…},"file":{…}}</c>.</summary>
internal static class Recipe
{
    /// <param name="json">The recipe: JSON, UTF-8. Anything may come.</param>
    /// <param name="customer">Whose task it becomes.</param>
    /// <param name="taskId">Its id.</param>
    /// <param name="secretHash">SHA-256 of its secret.</param>
    /// <param name="now">When.</param>
    public static RecipeReading Read(ReadOnlyMemory<byte> json, string customer, string taskId, byte[] secretHash, DateTimeOffset now)
    {
        if (!JsonText.TryParse(json, out var document))
        {
            return new RecipeReading.Refused(400, "The recipe is no JSON, or is nested too deeply.");
        }

        using (document)
        {
            try
            {
                return Read(document.RootElement, customer, taskId, secretHash, now);
            }
            catch (RecipeException unusable)
            {
                return unusable.Refusal;
            }
        }
    }

    /// <summary>The recipe of a task: reads back to an equal one.</summary>
    public static byte[] Export(TaskDefinition task, byte[] script) => JsonText.Write(json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("task");
        json.WriteString("type", TaskDocument.TypeWord(task.Type));
        json.WriteString("_type", TaskDocument.TypeName(task.Type));
        json.WriteString("name", task.Name);
        json.WriteString("description", task.Description);
        TaskDocument.WriteArguments(json, task, withValues: true);
        TaskDocument.WriteSettings(json, task);
        json.WriteString("script_runas", task.Runas);
        json.WriteStartObject("env");
        foreach (var (name, value) in task.Env)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        if (task.Filename is not null)
        {
            json.WriteStartObject("file");
            json.WriteString("filename", task.Filename);
            json.WriteString("mimetype", task.Mimetype);
            json.WriteNumber("size", script.Length);
#pragma warning disable CA5351 // TheEye's own checksum.
            json.WriteString("md5", Convert.ToHexStringLower(MD5.HashData(script)));
#pragma warning restore CA5351
            json.WriteBase64String("data", script);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    });

    private static RecipeReading.Accepted Read(JsonElement recipe, string customer, string taskId, byte[] secretHash, DateTimeOffset now)
    {
        if (recipe.ValueKind != JsonValueKind.Object)
        {
            throw new RecipeException(400, "A recipe is an object with `task` and `file`.");
        }

        if (recipe.TryGetProperty("graph", out _) || recipe.TryGetProperty("workflow", out _))
        {
            throw Workflow();
        }

        if (!recipe.TryGetProperty("task", out var task) || task.ValueKind != JsonValueKind.Object)
        {
            throw new RecipeException(400, "The recipe has no `task`. Export it from TheEye, or see the README for its form.");
        }

        var type = Type(task);
        var name = RecipeMembers.Text(task, "name");
        if (name is not { Length: > 0 and <= 256 })
        {
            throw RecipeException.Unusable("`name` is missing, or longer than 256 characters.");
        }

        var file = type == TaskType.Script ? RecipeFile.Read(recipe) : null;
        var definition = new TaskDefinition
        {
            Id = taskId,
            Customer = customer,
            Name = name,
            Description = RecipeMembers.Text(task, "description") ?? "",
            Type = type,
            Arguments = RecipeMembers.Arguments(task),
            ArgumentsType = RecipeMembers.ArgumentsType(task),
            Acl = RecipeMembers.Texts(task, "acl"),
            Timeout = RecipeMembers.Timeout(task),
            Env = RecipeMembers.Env(task),
            Runas = RunasText.Read(RecipeMembers.Text(task, "script_runas") is { Length: > 0 } runas ? runas : RunasText.Placeholder),
            Cancellable = RecipeMembers.Flag(task, "cancellable", true),
            Multitasking = RecipeMembers.Flag(task, "multitasking", true),
            DefaultStateEvaluation = RecipeMembers.DefaultState(task),
            SecretHash = secretHash,
            Filename = file?.Filename,
            Mimetype = file?.Mimetype ?? "",
            ScriptDigest = file is null ? null : Convert.ToHexStringLower(SHA256.HashData(file.Content)),
            CreatedAt = now,
        };
        return new(definition, file?.Content ?? []);
    }

    private static TaskType Type(JsonElement task) => (RecipeMembers.Text(task, "type"), RecipeMembers.Text(task, "_type")) switch
    {
        ("workflow", _) or (_, "Workflow") => throw Workflow(),
        ("script", _) or (null or "", "ScriptTask") => TaskType.Script,
        ("dummy", _) or (null or "", "DummyTask") => TaskType.Dummy,
        var (type, name) => throw RecipeException.Unusable(
            $"Tasks of the type `{Shown(type ?? name ?? "none")}` can't be run here. The types that can are script and dummy."),
    };

    private static string Shown(string text) => text.Length > 64 ? text[..64] + "…" : text;

    private static RecipeException Workflow() => RecipeException.Unusable("Workflows can't be run here. Import the single task that you want to call.");
}
