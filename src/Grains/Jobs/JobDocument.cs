using System.Buffers;
using System.Text;
using System.Text.Json;
using SyncCluster.Json;
using SyncCluster.Scripts;
using SyncCluster.Tasks;

namespace SyncCluster.Jobs;

/// <summary>The job document: the answer to <c>full</c> and to <c>GET …/job/{id}</c>.</summary>
internal static class JobDocument
{
    /// <summary>No document of a job that ran here is longer, in bytes. It is what MongoDB, and so TheEye, allows a document.</summary>
    public const int Limit = 16 << 20;

    /// <summary>
    /// What of it is for the job's end, which never takes more: 2 MiB for the log, for the last line (<see cref="ScriptLog.StoredCapacity"/>) and for
    /// what that line reports, 1 MiB for the output as it is stored (<see cref="JobOutput.Limit"/>).
    /// </summary>
    public const int EndLimit = 8 << 20;

    /// <summary>What is left for the call: its arguments and the task's environment. A call that would take more is refused before there is a job.</summary>
    public const int CallLimit = Limit - EndLimit;

    /// <summary>The bytes that a call takes in its job's document.</summary>
    public static long SizeOfCall(JobSpec spec) => spec.Arguments.Length + spec.Env.Sum(variable => SizeOf(variable.Key) + SizeOf(variable.Value));

    /// <summary>The document of a job now. A job that has ended keeps the document that was rendered at its end.</summary>
    public static byte[] Render(JobRecord record) =>
        record.Document ?? Render(record.Spec, record.Lifecycle, record.State, null, record.LastUpdate);

    /// <summary>The document of a job that was just created and waits for a runner.</summary>
    public static byte[] OfNew(JobSpec spec) => Render(spec, Lifecycle.Ready, JobState.InProgress, null, spec.CreatedAt);

    /// <summary>The document of a job that ends with the outcome.</summary>
    public static byte[] Render(JobRecord record, JobOutcome outcome, DateTimeOffset now) =>
        Render(record.Spec, outcome.Lifecycle, outcome.State, outcome, now);

    /// <summary>
    /// The document as it is shown to all but administrators: the task's environment, which may hold secrets, keeps its names and has no values.
    /// </summary>
    /// <param name="document">A document that was rendered here.</param>
    /// <returns>Empty if the document can't be read. The document itself if it has no values.</returns>
    public static byte[] WithoutEnvironment(byte[] document)
    {
        if (JobDocumentReader.Find(document) is not { Env: { } env })
        {
            return [];
        }

        using var variables = JsonDocument.Parse(env);
        if (variables.RootElement.EnumerateObject().All(variable => variable.Value.ValueEquals("")))
        {
            return document;
        }

        document.AsSpan().Overlaps(env.Span, out var start);
        var hidden = JsonText.Write(json =>
        {
            json.WriteStartObject();
            foreach (var variable in variables.RootElement.EnumerateObject())
            {
                json.WriteString(variable.Name, "");
            }

            json.WriteEndObject();
        });
        return [.. document.AsSpan(..start), .. hidden, .. document.AsSpan(start + env.Length)];
    }

    /// <summary>The document as a list of jobs shows it: without arguments, environment and what the script has put out, which may be long.</summary>
    public static byte[] Row(JobRecord record)
    {
        var document = record.Document is { Length: > 0 } ended
            ? ended
            : Render(record.Spec, record.Lifecycle, record.State, null, record.LastUpdate);
        var reader = new Utf8JsonReader(document, JobDocumentReader.ReaderOptions);
        reader.Read();
        var row = new ArrayBufferWriter<byte>(1024);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var isLong = IsLong(reader);
            reader.Read();
            reader.Skip();
            if (!isLong)
            {
                row.Write(row.WrittenCount == 0 ? "{"u8 : ","u8);
                row.Write(document.AsSpan(start..(int)reader.BytesConsumed));
            }
        }

        row.Write(row.WrittenCount == 0 ? "{}"u8 : "}"u8);
        return row.WrittenSpan.ToArray();
    }

    /// <summary>What TheEye leaves out of its lists.</summary>
    private static bool IsLong(in Utf8JsonReader name) =>
        name.ValueTextEquals("task_arguments_values"u8)
        || name.ValueTextEquals("script_arguments"u8)
        || name.ValueTextEquals("output"u8)
        || name.ValueTextEquals("result"u8)
        || name.ValueTextEquals("task"u8)
        || name.ValueTextEquals("script"u8)
        || name.ValueTextEquals("env"u8);

    /// <summary>Of a string with its quotes, and a colon or a comma.</summary>
    private static long SizeOf(string text) => StoredText.Length(Encoding.UTF8.GetBytes(text)) + 3;

    private static byte[] Render(JobSpec spec, Lifecycle lifecycle, JobState state, JobOutcome? outcome, DateTimeOffset lastUpdate)
    {
        var size = 1024 + spec.Arguments.Length + (outcome is null ? 0 : outcome.Result.Length + outcome.Output.Length);
        var result = outcome is null ? null : ResultOf(outcome, spec.User);
        return JsonText.Write(json => Write(json, spec, lifecycle, state, outcome, result, lastUpdate), size);
    }

    private static void Write(
        Utf8JsonWriter json, JobSpec spec, Lifecycle lifecycle, JobState state, JobOutcome? outcome, byte[]? result, DateTimeOffset lastUpdate)
    {
        json.WriteStartObject();
        json.WriteString("id", spec.JobId);
        json.WriteString("_type", spec.Type == TaskType.Dummy ? "DummyJob" : "ScriptJob");
        json.WriteString("name", spec.TaskName);
        json.WriteString("task_id", spec.TaskId);
        json.WriteString("customer_name", spec.Customer);
        json.WriteString("lifecycle", lifecycle.WireName());
        json.WriteString("state", state.WireName());
        json.WriteString("trigger_name", outcome is null ? null : outcome.TriggerName ?? state.WireName());
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
        WriteRaw(json, "result", result);
        WriteRaw(json, "output", outcome?.Output);
        if (spec.RestartedFrom is not null)
        {
            json.WriteString("restarted_from", spec.RestartedFrom);
        }

        json.WriteString("creation_date", JsonText.Iso(spec.CreatedAt));
        json.WriteString("last_update", JsonText.Iso(lastUpdate));
        json.WriteEndObject();
    }

    private static void WriteUser(Utf8JsonWriter json, JobUser user)
    {
        json.WriteStartObject("user");
        json.WriteString("username", user.Username);
        json.WriteString("email", user.Email);
        json.WriteEndObject();
    }

    /// <summary>The result with the caller as its <c>user</c>. Spliced, not parsed: the result is as long as the job's log.</summary>
    private static byte[] ResultOf(JobOutcome outcome, JobUser user)
    {
        var head = outcome.Result.AsSpan().Trim(" \t\r\n"u8)[..^1].TrimEnd(" \t\r\n"u8);
        var comma = head is [(byte)'{'] ? ""u8 : ","u8;
        var member = JsonText.Write(json =>
        {
            json.WriteStartObject();
            WriteUser(json, user);
            json.WriteEndObject();
        });
        return [.. head, .. comma, .. member.AsSpan(1)];
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
}
