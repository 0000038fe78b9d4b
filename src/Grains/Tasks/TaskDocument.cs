using System.Globalization;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks;

/// <summary>A task as the API shows it: without its environment, which may hold secrets.</summary>
internal static class TaskDocument
{
    /// <param name="task">The task.</param>
    /// <param name="secret">Its secret, right after it was made; else null.</param>
    public static byte[] Render(TaskDefinition task, string? secret) => JsonText.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("id", task.Id);
        json.WriteString("name", task.Name);
        json.WriteString("description", task.Description);
        json.WriteString("type", TypeWord(task.Type));
        json.WriteString("_type", TypeName(task.Type));
        json.WriteString("customer_name", task.Customer);
        WriteArguments(json, task, withValues: false);
        WriteSettings(json, task);
        json.WriteString("script_runas", task.Runas);
        json.WriteString("script_filename", task.Filename);
        json.WriteString("script_sha256", task.ScriptDigest);
        json.WriteString("creation_date", task.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        if (secret is not null)
        {
            json.WriteString("secret", secret);
        }

        json.WriteEndObject();
    });

    public static string TypeWord(TaskType type) => type == TaskType.Dummy ? "dummy" : "script";

    public static string TypeName(TaskType type) => type == TaskType.Dummy ? "DummyTask" : "ScriptTask";

    public static void WriteArguments(Utf8JsonWriter json, TaskDefinition task, bool withValues)
    {
        json.WriteStartArray("task_arguments");
        foreach (var argument in task.Arguments)
        {
            json.WriteStartObject();
            json.WriteNumber("order", argument.Order);
            json.WriteString("type", argument.Type);
            json.WriteString("label", argument.Label);
            if (withValues && argument.FixedValue is { } value)
            {
                json.WritePropertyName("value");
                json.WriteRawValue(value, skipInputValidation: true);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void WriteSettings(Utf8JsonWriter json, TaskDefinition task)
    {
        json.WriteString("arguments_type", task.ArgumentsType.ToString().ToLowerInvariant());
        json.WriteNumber("timeout", task.Timeout.TotalMilliseconds);
        json.WriteStartArray("acl");
        foreach (var entry in task.Acl)
        {
            json.WriteStringValue(entry);
        }

        json.WriteEndArray();
        json.WriteBoolean("cancellable", task.Cancellable);
        json.WriteBoolean("multitasking", task.Multitasking);
        json.WriteString("default_state_evaluation", task.DefaultStateEvaluation);
    }
}
