using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks;

/// <summary>The document of a task: what can be read over HTTP. Without its script and its environment, which may hold secrets.</summary>
internal static class TaskDocument
{
    /// <summary>Renders the document.</summary>
    /// <param name="task">The task.</param>
    /// <param name="secretShownOnce">The task's secret, only for the answer to its import; else null.</param>
    public static byte[] Render(TaskDefinition task, string? secretShownOnce) => JsonText.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("id", task.Id);
        json.WriteString("customer_name", task.Customer);
        WriteSettings(json, task);
        if (task.Filename is not null)
        {
            json.WriteStartObject("file");
            json.WriteString("filename", task.Filename);
            json.WriteString("mimetype", task.Mimetype);
            json.WriteString("sha256", task.ScriptDigest);
            json.WriteEndObject();
        }

        if (secretShownOnce is not null)
        {
            json.WriteString("secret", secretShownOnce);
        }

        json.WriteEndObject();
    });

    /// <summary>Writes the members that a document and a recipe share.</summary>
    public static void WriteSettings(Utf8JsonWriter json, TaskDefinition task)
    {
        json.WriteString("name", task.Name);
        json.WriteString("description", task.Description);
        json.WriteString("type", task.Type.WireName());
        json.WriteString("_type", task.Type.DocumentType());
        WriteArguments(json, task.Arguments);
        json.WriteString("arguments_type", task.ArgumentsType.WireName());
        json.WriteNumber("timeout", (long)task.Timeout.TotalMilliseconds);
        json.WriteString("script_runas", task.Runas);
        json.WriteStartArray("acl");
        foreach (var entry in task.Acl)
        {
            json.WriteStringValue(entry);
        }

        json.WriteEndArray();
        json.WriteBoolean("cancellable", task.Cancellable);
        json.WriteBoolean("multitasking", task.Multitasking);
        json.WriteString("default_state_evaluation", task.DefaultStateEvaluation);
        if (task.ExitCodeDecides)
        {
            // Only then: TheEye's documents have no such member.
            json.WriteBoolean("exit_code_decides", true);
        }

        if (task.Limits is { } limits)
        {
            WriteLimits(json, limits);
        }

        if (task.ArgumentRule is { } rule)
        {
            json.WriteString("arguments", rule.WireName());
        }

        json.WriteString("creation_date", JsonText.Iso(task.CreatedAt));
    }

    private static void WriteLimits(Utf8JsonWriter json, TaskLimits limits)
    {
        json.WriteStartObject("limits");
        Write("file_size", limits.FileSize);
        Write("data", limits.Data);
        Write("cpu", (long?)limits.Cpu?.TotalMilliseconds);
        Write("memory", limits.Memory);
        Write("processes", limits.Processes);
        json.WriteEndObject();

        void Write(string name, long? limit)
        {
            if (limit is { } number)
            {
                json.WriteNumber(name, number);
            }
        }
    }

    /// <summary>Writes the member that defines a task's arguments.</summary>
    public static void WriteArguments(Utf8JsonWriter json, TaskArgument[] arguments)
    {
        json.WriteStartArray("task_arguments");
        foreach (var argument in arguments)
        {
            json.WriteStartObject();
            json.WriteNumber("order", argument.Order);
            json.WriteString("type", argument.Type);
            json.WriteString("label", argument.Label);
            if (argument.FixedValue is not null)
            {
                json.WritePropertyName("value");
                json.WriteRawValue(argument.FixedValue, skipInputValidation: true);
            }

            if (argument.Definition is not null)
            {
                using var definition = JsonDocument.Parse(argument.Definition, JsonText.DocumentOptions);
                foreach (var member in definition.RootElement.EnumerateObject())
                {
                    json.WritePropertyName(JsonText.NameOf(member));
                    json.WriteRawValue(JsonText.Compact(member.Value), skipInputValidation: true);
                }
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
