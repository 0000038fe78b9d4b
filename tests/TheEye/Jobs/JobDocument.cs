using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SyncCluster.TheEye.Jobs;

/// <summary>The job document, as Express writes it.</summary>
internal static class JobDocument
{
    private static readonly JsonWriterOptions AsExpress = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly TheEyeUser SecretCaller = new()
    {
        Username = "system",
        Email = "system@example.com",
        Name = "system",
        CustomerId = "",
        Customer = "",
    };

    public static byte[] Render(Job job, string lifecycle, string state, JobEnd? end, DateTimeOffset lastUpdate)
    {
        var (task, customer) = (job.Owner.Task, job.Owner.Customer);
        var user = UserJson(job.User ?? SecretCaller);
        var buffer = new ArrayBufferWriter<byte>(1024 + job.Arguments.Length + (2 * (end?.Output?.Length ?? 0)) + (end?.Result?.Length ?? 0));
        using var json = new Utf8JsonWriter(buffer, AsExpress);
        json.WriteStartObject();
        json.WriteString("id"u8, job.Id);
        json.WriteString("_type"u8, TypeWord(task.Type));
        json.WriteString("name"u8, task.Name);
        json.WriteString("task_id"u8, task.Id);
        json.WriteString("customer_id"u8, customer.Id);
        json.WriteString("customer_name"u8, customer.Name);
        json.WriteString("lifecycle"u8, lifecycle);
        json.WriteString("state"u8, state);
        json.WriteString("trigger_name"u8, end is null ? null : end.TriggerName ?? end.State);
        json.WritePropertyName("user"u8);
        json.WriteRawValue(user, skipInputValidation: true);
        json.WritePropertyName("task_arguments_values"u8);
        json.WriteRawValue(job.Arguments.Span, skipInputValidation: true);
        json.WriteStartObject("env"u8);
        foreach (var (name, value) in task.Env)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WriteString("script_runas"u8, task.Runas);
        json.WriteNumber("timeout"u8, (long)task.Timeout.TotalMilliseconds);
        json.WritePropertyName("result"u8);
        WriteResult(json, end, user);
        json.WritePropertyName("output"u8);
        json.WriteRawValue(end?.Output ?? "null"u8, skipInputValidation: true);
        json.WriteString("creation_date"u8, Iso(job.CreatedAt));
        json.WriteString("last_update"u8, Iso(lastUpdate));
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static string TypeWord(TaskType type) => type switch
    {
        TaskType.Script => "ScriptJob",
        TaskType.Dummy => "DummyJob",
        TaskType.Notification => "NotificationJob",
        TaskType.Approval => "ApprovalJob",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    private static byte[] UserJson(TheEyeUser user)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using var json = new Utf8JsonWriter(buffer, AsExpress);
        json.WriteStartObject();
        json.WriteString("id"u8, user.Id);
        json.WriteString("username"u8, user.Username);
        json.WriteString("email"u8, user.Email);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteResult(Utf8JsonWriter json, JobEnd? end, byte[] user)
    {
        if (end is null)
        {
            json.WriteNullValue();
            return;
        }

        if (end.Result is { } given)
        {
            // The bytes of the test are kept as they are; only the closing brace is replaced to add the user.
            var members = given.AsSpan().Trim(" \t\r\n"u8)[1..^1].Trim(" \t\r\n"u8);
            var comma = members.IsEmpty ? ""u8 : ","u8;
            json.WriteRawValue([(byte)'{', .. members, .. comma, .. "\"user\":"u8, .. user, (byte)'}'], skipInputValidation: true);
            return;
        }

        json.WriteStartObject();
        json.WriteNumber("code"u8, 0);
        json.WriteString("log"u8, "");
        json.WriteString("lastline"u8, "");
        json.WriteNull("signal"u8);
        json.WriteBoolean("killed"u8, end.State == "timeout");
        json.WriteStartObject("times"u8);
        json.WriteNumber("seconds"u8, 0);
        json.WriteNumber("nanoseconds"u8, 0);
        json.WriteEndObject();
        json.WritePropertyName("output"u8);
        json.WriteRawValue(end.Output ?? "null"u8, skipInputValidation: true);
        json.WritePropertyName("user"u8);
        json.WriteRawValue(user, skipInputValidation: true);
        json.WriteEndObject();
    }

    private static string Iso(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
