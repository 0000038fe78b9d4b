using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using SyncCluster.Json;

namespace SyncCluster.Jobs;

/// <summary>
/// The members of a job document that this service uses: slices of the document, byte for byte. Null: the document has no such member.
/// </summary>
internal sealed class JobDocumentReader
{
    private static readonly (byte[] Name, Action<JobDocumentReader, ReadOnlyMemory<byte>> Set)[] Members =
    [
        ("output"u8.ToArray(), (parts, value) => parts.Output = value),
        ("result"u8.ToArray(), (parts, value) => parts.Result = value),
        ("env"u8.ToArray(), (parts, value) => parts.Env = value),
        ("task_arguments_values"u8.ToArray(), (parts, value) => parts.Arguments = value),
        ("task_id"u8.ToArray(), (parts, value) => parts._task = value),
        ("name"u8.ToArray(), (parts, value) => parts._name = value),
        ("id"u8.ToArray(), (parts, value) => parts._id = value),
        ("lifecycle"u8.ToArray(), (parts, value) => parts._lifecycle = value),
        ("state"u8.ToArray(), (parts, value) => parts._state = value),
    ];

    private ReadOnlyMemory<byte>? _task;
    private ReadOnlyMemory<byte>? _name;
    private ReadOnlyMemory<byte>? _id;
    private ReadOnlyMemory<byte>? _lifecycle;
    private ReadOnlyMemory<byte>? _state;

    private JobDocumentReader()
    {
    }

    /// <summary>Arguments and the script's components may nest as deep as any JSON here, and the document holds them a few levels down.</summary>
    public static JsonReaderOptions ReaderOptions { get; } = new() { MaxDepth = JsonText.DocumentOptions.MaxDepth + 8 };

    public ReadOnlyMemory<byte>? Output { get; private set; }

    public ReadOnlyMemory<byte>? Result { get; private set; }

    public ReadOnlyMemory<byte>? Env { get; private set; }

    /// <summary>The bound arguments.</summary>
    public ReadOnlyMemory<byte>? Arguments { get; private set; }

    /// <summary>The id of the job's task.</summary>
    public string? TaskId => Text(_task);

    /// <summary>The name of the job's task.</summary>
    public string? TaskName => Text(_name);

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
    public TheEyeJob? ToJob() => Text(_id) is { } id && JobId.IsValid(id)
        ? new(id, Text(_lifecycle) ?? "", Text(_state) ?? "")
        : null;

    private static JobDocumentReader? Read(ReadOnlyMemory<byte> document)
    {
        var reader = new Utf8JsonReader(LoneSurrogates.Replaced(document).Span, ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        var parts = new JobDocumentReader();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var set = SetterOf(reader);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            set?.Invoke(parts, document[start..(int)reader.BytesConsumed]);
        }

        // Past the closing brace: anything but white space after it is an error.
        reader.Read();
        return parts;
    }

    private static Action<JobDocumentReader, ReadOnlyMemory<byte>>? SetterOf(in Utf8JsonReader reader)
    {
        foreach (var (name, set) in Members)
        {
            // Most members of a document are none of these.
            if ((reader.ValueIsEscaped || reader.ValueSpan.Length == name.Length) && reader.ValueTextEquals(name))
            {
                return set;
            }
        }

        return null;
    }

    /// <summary>The text of a JSON string, not unescaped: no id, lifecycle or state needs an escape, nor a name in a path.</summary>
    private static string? Text(ReadOnlyMemory<byte>? json) =>
        json is { Span: [(byte)'"', .. var text, (byte)'"'] } ? Encoding.UTF8.GetString(text) : null;
}
