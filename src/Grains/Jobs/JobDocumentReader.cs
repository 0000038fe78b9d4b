using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using SyncCluster.Json;

namespace SyncCluster.Jobs;

/// <summary>
/// The members of a job document that this service uses: slices of the document, byte for byte. Null: the document has no such member.
/// </summary>
internal readonly record struct JobDocumentReader
{
    /// <summary>Arguments and the script's components may nest as deep as any JSON here, and the document holds them a few levels down.</summary>
    public static JsonReaderOptions ReaderOptions { get; } = new() { MaxDepth = JsonText.DocumentOptions.MaxDepth + 8 };

    public ReadOnlyMemory<byte>? Output { get; private init; }

    public ReadOnlyMemory<byte>? Result { get; private init; }

    public ReadOnlyMemory<byte>? Env { get; private init; }

    /// <summary>The id of the job's task.</summary>
    public string? TaskId => Text(Task);

    /// <summary>The name of the job's task.</summary>
    public string? TaskName => Text(Name);

    private ReadOnlyMemory<byte>? Task { get; init; }

    private ReadOnlyMemory<byte>? Name { get; init; }

    private ReadOnlyMemory<byte>? Id { get; init; }

    private ReadOnlyMemory<byte>? Lifecycle { get; init; }

    private ReadOnlyMemory<byte>? State { get; init; }

    /// <summary>Reads a document in one pass.</summary>
    /// <returns>Null if it is not a JSON object.</returns>
    public static JobDocumentReader? Find(ReadOnlyMemory<byte> document)
    {
        if (!Utf8.IsValid(document.Span))
        {
            return null;
        }

        try
        {
            return Read(document);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The job of TheEye that the document describes; null if it has no job id.</summary>
    public TheEyeJob? ToJob() => Text(Id) is { } id && JobId.IsValid(id)
        ? new(id, Text(Lifecycle) ?? "", Text(State) ?? "")
        : null;

    private static JobDocumentReader? Read(ReadOnlyMemory<byte> document)
    {
        var reader = new Utf8JsonReader(LoneSurrogates.Replaced(document).Span, ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        var parts = default(JobDocumentReader);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = MemberOf(reader);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (member == Member.Other)
            {
                continue;
            }

            var value = document[start..(int)reader.BytesConsumed];
            parts = member switch
            {
                Member.Output => parts with { Output = value },
                Member.Result => parts with { Result = value },
                Member.Env => parts with { Env = value },
                Member.Task => parts with { Task = value },
                Member.Name => parts with { Name = value },
                Member.Id => parts with { Id = value },
                Member.Lifecycle => parts with { Lifecycle = value },
                _ => parts with { State = value },
            };
        }

        // Past the closing brace: anything but white space after it is an error.
        reader.Read();
        return parts;
    }

    private static Member MemberOf(in Utf8JsonReader name) =>
        name.ValueTextEquals("output"u8) ? Member.Output
        : name.ValueTextEquals("result"u8) ? Member.Result
        : name.ValueTextEquals("env"u8) ? Member.Env
        : name.ValueTextEquals("task_id"u8) ? Member.Task
        : name.ValueTextEquals("name"u8) ? Member.Name
        : name.ValueTextEquals("id"u8) ? Member.Id
        : name.ValueTextEquals("lifecycle"u8) ? Member.Lifecycle
        : name.ValueTextEquals("state"u8) ? Member.State
        : Member.Other;

    /// <summary>The text of a JSON string, not unescaped: no id, lifecycle or state needs an escape, nor a name in a path.</summary>
    private static string? Text(ReadOnlyMemory<byte>? json) =>
        json is { Span: [(byte)'"', .. var text, (byte)'"'] } ? Encoding.UTF8.GetString(text) : null;

    private enum Member
    {
        Other,
        Output,
        Result,
        Env,
        Task,
        Name,
        Id,
        Lifecycle,
        State,
    }
}
