using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using SyncCluster.Json;

namespace SyncCluster.Jobs;

/// <summary>The members of a job document that matter here: slices of the document, byte for byte; null where it has no such member.</summary>
internal readonly record struct JobDocumentReader
{
    /// <summary>Arguments and the script's components may have all levels that JSON may have here, and the document holds them a few levels down.</summary>
    public static JsonReaderOptions ReaderOptions { get; } = new() { MaxDepth = JsonText.DocumentOptions.MaxDepth + 8 };

    public ReadOnlyMemory<byte>? Output { get; private init; }

    public ReadOnlyMemory<byte>? Result { get; private init; }

    private ReadOnlyMemory<byte>? Id { get; init; }

    private ReadOnlyMemory<byte>? Lifecycle { get; init; }

    private ReadOnlyMemory<byte>? State { get; init; }

    /// <summary>Reads a document once, from end to end.</summary>
    /// <returns>Null when it is no JSON object.</returns>
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

    /// <summary>What a job of TheEye says of itself; null where it says no id.</summary>
    public TheEyeJob? ToJob() => Word(Id) is { } id && JobId.IsValid(id)
        ? new(id, Word(Lifecycle) ?? "", Word(State) ?? "")
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
            var member = Member(reader);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (member == Part.Other)
            {
                continue;
            }

            var value = document[start..(int)reader.BytesConsumed];
            parts = member switch
            {
                Part.Output => parts with { Output = value },
                Part.Result => parts with { Result = value },
                Part.Id => parts with { Id = value },
                Part.Lifecycle => parts with { Lifecycle = value },
                _ => parts with { State = value },
            };
        }

        // Past the closing brace: whatever follows but white space is an error.
        reader.Read();
        return parts;
    }

    private static Part Member(in Utf8JsonReader name) =>
        name.ValueTextEquals("output"u8) ? Part.Output
        : name.ValueTextEquals("result"u8) ? Part.Result
        : name.ValueTextEquals("id"u8) ? Part.Id
        : name.ValueTextEquals("lifecycle"u8) ? Part.Lifecycle
        : name.ValueTextEquals("state"u8) ? Part.State
        : Part.Other;

    /// <summary>A string as it stands there. None of the words that mean something needs an escape.</summary>
    private static string? Word(ReadOnlyMemory<byte>? json) =>
        json is { Span: [(byte)'"', .. var text, (byte)'"'] } ? Encoding.UTF8.GetString(text) : null;

    private enum Part
    {
        Other,
        Output,
        Result,
        Id,
        Lifecycle,
        State,
    }
}

/// <summary>A job of TheEye as its document tells it.</summary>
/// <param name="Id">24 lowercase hex digits.</param>
/// <param name="Lifecycle">TheEye's word.</param>
/// <param name="State">TheEye's word.</param>
internal readonly record struct TheEyeJob(string Id, string Lifecycle, string State)
{
    /// <summary>Whether it waits for being released.</summary>
    public bool IsSyncing => Lifecycle == "syncing";

    /// <summary>How it has ended; null while it goes on.</summary>
    public (Lifecycle Lifecycle, JobState State)? End => Lifecycle switch
    {
        "finished" => (Jobs.Lifecycle.Finished, EndState),
        "terminated" => (Jobs.Lifecycle.Terminated, EndState),
        "canceled" => (Jobs.Lifecycle.Canceled, EndState),
        "expired" => (Jobs.Lifecycle.Expired, EndState),
        "completed" => (Jobs.Lifecycle.Completed, EndState),
        _ => null,
    };

    private JobState EndState => State switch
    {
        "success" => JobState.Success,
        "timeout" => JobState.Timeout,
        "canceled" => JobState.Canceled,
        "error" => JobState.Error,
        _ => JobState.Failure,
    };
}
