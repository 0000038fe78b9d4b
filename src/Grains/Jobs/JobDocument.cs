using System.Buffers;
using System.Text.Json;
using SyncCluster.Json;
using SyncCluster.Tasks;

namespace SyncCluster.Jobs;

/// <summary>The job document: what <c>full</c> shows and <c>GET …/job/{id}</c> gives.</summary>
internal static class JobDocument
{
    private static readonly JsonWriterOptions Minimal = new() { Encoder = JsonText.Encoder, SkipValidation = true };

    /// <summary>The document of a job that has not ended.</summary>
    public static byte[] Render(JobRecord record) =>
        Render(record, record.Lifecycle, record.State, null, record.LastUpdate);

    /// <summary>The document of a job as the outcome ends it.</summary>
    public static byte[] Render(JobRecord record, JobOutcome outcome, DateTimeOffset now) =>
        Render(record, outcome.Lifecycle, outcome.State, outcome, now);

    private static byte[] Render(JobRecord record, Lifecycle lifecycle, JobState state, JobOutcome? outcome, DateTimeOffset lastUpdate)
    {
        var spec = record.Spec;
        var buffer = new ArrayBufferWriter<byte>(1024 + spec.Arguments.Length + (outcome?.Result.Length ?? 0) + (outcome?.Output.Length ?? 0));
        using var json = new Utf8JsonWriter(buffer, Minimal);
        json.WriteStartObject();
        json.WriteString("id", spec.JobId);
        json.WriteString("_type", spec.Type == TaskType.Dummy ? "DummyJob" : "ScriptJob");
        json.WriteString("name", spec.TaskName);
        json.WriteString("task_id", spec.TaskId);
        json.WriteString("customer_name", spec.Customer);
        json.WriteString("lifecycle", lifecycle.Word());
        json.WriteString("state", state.Word());
        json.WriteString("trigger_name", outcome is null ? null : outcome.TriggerName ?? state.Word());
        WriteUser(json, spec.User);
        json.WritePropertyName("task_arguments_values");
        json.WriteRawValue(spec.Arguments, skipInputValidation: true);
        json.WriteStartObject("env");
        foreach (var (name, value) in spec.Env)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WriteString("script_runas", spec.Runas);
        json.WriteNumber("timeout", (long)spec.Timeout.TotalMilliseconds);
        WriteRaw(json, "components", outcome?.Components);
        WriteRaw(json, "next", outcome?.Next);
        WriteResult(json, outcome, spec.User);
        WriteRaw(json, "output", outcome?.Output);
        json.WriteString("creation_date", Iso(spec.CreatedAt));
        json.WriteString("last_update", Iso(lastUpdate));
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteUser(Utf8JsonWriter json, JobUser user)
    {
        json.WriteStartObject("user");
        json.WriteString("username", user.Username);
        json.WriteString("email", user.Email);
        json.WriteEndObject();
    }

    private static void WriteResult(Utf8JsonWriter json, JobOutcome? outcome, JobUser user)
    {
        if (outcome is null)
        {
            json.WriteNull("result");
            return;
        }

        json.WriteStartObject("result");
        using (var result = JsonDocument.Parse(outcome.Result, JsonText.DocumentOptions))
        {
            foreach (var member in result.RootElement.EnumerateObject())
            {
                json.WritePropertyName(member.Name);
                json.WriteRawValue(member.Value.GetRawText(), skipInputValidation: true);
            }
        }

        WriteUser(json, user);
        json.WriteEndObject();
    }

    private static void WriteRaw(Utf8JsonWriter json, string name, byte[]? value)
    {
        json.WritePropertyName(name);
        if (value is null)
        {
            json.WriteNullValue();
        }
        else
        {
            json.WriteRawValue(value, skipInputValidation: true);
        }
    }

    private static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
