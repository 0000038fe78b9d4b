using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using SyncCluster.Json;

namespace SyncCluster.Jobs;

/// <summary>
/// The members of a job document that this service uses: slices of the document, byte for byte. Null: the document has no such member. It is a value, so
/// that an answer to a call allocates nothing for it.
/// </summary>
internal struct JobDocumentReader
{
    private static readonly (byte[] Name, Setter Set)[] Members =
    [
        ("output"u8.ToArray(), (ref parts, value) => parts._output = value),
        ("result"u8.ToArray(), (ref parts, value) => parts._result = value),
        ("env"u8.ToArray(), (ref parts, value) => parts._env = value),
        ("task_arguments_values"u8.ToArray(), (ref parts, value) => parts._arguments = value),
        ("task_id"u8.ToArray(), (ref parts, value) => parts._task = value),
        ("name"u8.ToArray(), (ref parts, value) => parts._name = value),
        ("id"u8.ToArray(), (ref parts, value) => parts._id = value),
        ("lifecycle"u8.ToArray(), (ref parts, value) => parts._lifecycle = value),
        ("state"u8.ToArray(), (ref parts, value) => parts._state = value),
    ];

    private readonly ReadOnlyMemory<byte> _document;
    private Range _output;
    private Range _result;
    private Range _env;
    private Range _arguments;
    private Range _task;
    private Range _name;
    private Range _id;
    private Range _lifecycle;
    private Range _state;

    private JobDocumentReader(ReadOnlyMemory<byte> document) => _document = document;

    private delegate void Setter(ref JobDocumentReader parts, Range value);

    /// <summary>Arguments and the script's components may nest as deep as any JSON here, and the document holds them a few levels down.</summary>
    public static JsonReaderOptions ReaderOptions { get; } = new() { MaxDepth = JsonText.DocumentOptions.MaxDepth + 8 };

    public readonly ReadOnlyMemory<byte>? Output => Part(_output);

    public readonly ReadOnlyMemory<byte>? Result => Part(_result);

    public readonly ReadOnlyMemory<byte>? Env => Part(_env);

    /// <summary>The bound arguments.</summary>
    public readonly ReadOnlyMemory<byte>? Arguments => Part(_arguments);

    /// <summary>The id of the job's task.</summary>
    public readonly string? TaskId => Text(_task);

    /// <summary>The name of the job's task.</summary>
    public readonly string? TaskName => Text(_name);

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
    public readonly TheEyeJob? ToJob() => Text(_id) is { } id && JobId.IsValid(id)
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

        var parts = new JobDocumentReader(document);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var set = SetterOf(reader);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            set?.Invoke(ref parts, start..(int)reader.BytesConsumed);
        }

        // Past the closing brace: anything but white space after it is an error.
        reader.Read();
        return parts;
    }

    private static Setter? SetterOf(in Utf8JsonReader reader)
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

    private readonly ReadOnlyMemory<byte>? Part(Range range)
    {
        if (range.Equals(default))
        {
            // No JSON value is empty: the document does not have the member.
            return null;
        }

        return _document[range];
    }

    /// <summary>The text of a JSON string, not unescaped: no id, lifecycle or state needs an escape, nor a name in a path.</summary>
    private readonly string? Text(Range range) =>
        Part(range) is { Span: [(byte)'"', .. var text, (byte)'"'] } ? Encoding.UTF8.GetString(text) : null;
}
