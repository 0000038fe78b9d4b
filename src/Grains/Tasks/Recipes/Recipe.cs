using System.Globalization;
using System.Text.Json;
using SyncCluster.Json;
using SyncCluster.Scripts;

namespace SyncCluster.Tasks.Recipes;

/// <summary>
/// A task as TheEye exports and imports it: <c>{"task":{…},"file":{filename, mimetype, md5, data}}</c>. Members without a meaning here are ignored.
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
        var errors = new RecipeErrors();
        if (IsWorkflow(recipe) || (JsonText.TryGetMember(recipe, "task", out var json) && IsWorkflow(json)))
        {
            return ParsedRecipe.Workflow;
        }

        if (json.ValueKind != JsonValueKind.Object)
        {
            return ParsedRecipe.NoTask;
        }

        var task = new RecipeFields(json, "task", errors);
        var type = TypeOf(task, errors);
        var file = type == TaskType.Script && errors.First is null ? RecipeFile.Read(recipe, errors) : null;
        var definition = new TaskDefinition
        {
            Id = taskId,
            Customer = customer,
            Name = NameOf(task),
            Description = task.Text("description") ?? "",
            Type = type,
            Arguments = RecipeArguments.Read(task, errors),
            ArgumentsType = task.OneOf("arguments_type", "legacy", "json", "text") switch
            {
                "json" => ArgumentsType.Json,
                "text" => ArgumentsType.Text,
                _ => ArgumentsType.Legacy,
            },
            Acl = AclOf(task),
            Timeout = TimeoutOf(task),
            Env = RecipeEnvironment.Read(task),
            Runas = RunasOf(task, errors),
            Cancellable = task.Boolean("cancellable", otherwise: true),
            Multitasking = task.Boolean("multitasking", otherwise: true),
            DefaultStateEvaluation = task.OneOf("default_state_evaluation", "success", "failure"),
            ExitCodeDecides = task.Boolean("exit_code_decides", otherwise: false),
            Limits = RecipeLimits.Read(task, errors),
            ArgumentRule = task.OneOf("arguments", "lenient", "strict") switch
            {
                "lenient" => ArgumentRule.Lenient,
                "strict" => ArgumentRule.Strict,
                _ => null,
            },
            SecretHash = secretHash,
            Filename = file?.Filename,
            CreatedAt = now,
            ScriptDigest = file?.Digest,
            Mimetype = file?.Mimetype,
        };
        if (file is not null && InterpreterLine.Fault(definition.Runas, file.Script) is { } fault)
        {
            errors.Add(fault);
        }

        if (definition.ArgumentRule == ArgumentRule.Strict && RecipeArguments.PatternFault(definition.Arguments) is { } uncheckable)
        {
            errors.Add(uncheckable);
        }

        if (type == TaskType.Script && errors.First is null && ExcessOf(definition) is { } excess)
        {
            errors.Add($"{excess}: put what is long into the script.");
        }

        return errors.First is { } error
            ? new ParsedRecipe.Refused(422, error)
            : new ParsedRecipe.Accepted(definition, file?.Script ?? []);
    }

    /// <summary>What no call could give to the script, of the fixed arguments and the environment.</summary>
    private static string? ExcessOf(TaskDefinition task)
    {
        using var nothing = JsonDocument.Parse($"[{string.Join(',', task.Arguments.Select(_ => "null"))}]");
        return TaskArguments.Bind(task, nothing.RootElement) is BoundArguments.Bound bound
            ? ArgumentLimits.OfThisMachine.Excess(bound.Words, task.Env)
            : null;
    }

    private static bool IsWorkflow(JsonElement json) =>
        (JsonText.TryGetMember(json, "_type", out var documentType) && JsonText.AsString(documentType) == "Workflow")
        || (JsonText.TryGetMember(json, "type", out var type) && JsonText.AsString(type) == "workflow")
        || JsonText.TryGetMember(json, "graph", out _)
        || JsonText.TryGetMember(json, "nodes", out _)
        || JsonText.TryGetMember(json, "tasks", out _)
        || (JsonText.TryGetMember(json, "workflow", out var workflow) && workflow.ValueKind == JsonValueKind.Object);

    private static TaskType TypeOf(RecipeFields task, RecipeErrors errors)
    {
        var type = task.Text("type") ?? task.Text("_type") ?? "";
        switch (type)
        {
            case "script" or "ScriptTask":
                return TaskType.Script;
            case "dummy" or "DummyTask":
                return TaskType.Dummy;
            default:
                var shown = type.Length > 40 ? $"{type[..40]}…" : type;
                errors.Add($"Tasks of type \"{shown}\" can't run here. The supported types are: script, dummy.");
                return TaskType.Dummy;
        }
    }

    private static string NameOf(RecipeFields task)
    {
        var name = task.Text("name", 256);
        if (string.IsNullOrWhiteSpace(name))
        {
            task.AddError("name", "must not be empty");
        }

        return name ?? "";
    }

    private static string[] AclOf(RecipeFields task)
    {
        var entries = task.Array("acl");
        if (entries.Any(entry => entry.ValueKind != JsonValueKind.String))
        {
            task.AddError("acl", "must be an array of e-mails, roles or tags, each as text");
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
            || !(milliseconds >= 0 && milliseconds <= MaxTimeout.TotalMilliseconds))
        {
            task.AddError("timeout", "must be a number of milliseconds up to 21600000, which is 6 hours");
            return TaskDefinition.DefaultTimeout;
        }

        return milliseconds == 0 ? TaskDefinition.DefaultTimeout : TimeSpan.FromMilliseconds((long)Math.Ceiling(milliseconds));
    }

    private static string RunasOf(RecipeFields task, RecipeErrors errors)
    {
        var command = task.Text("script_runas");
        if (string.IsNullOrWhiteSpace(command))
        {
            return Runas.Placeholder;
        }

        if (!Runas.TryNormalize(command, out var normal, out var error))
        {
            errors.Add(error);
        }

        return normal ?? Runas.Placeholder;
    }
}
