using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Requests;

/// <summary>Reads arguments from JSON. They are slices of the body: no digit of a number is lost, no key is reordered.</summary>
internal static class JsonArguments
{
    /// <summary>How deep the arguments may nest, their own array included.</summary>
    public static int MaxDepth { get; } = JsonText.DocumentOptions.MaxDepth;

    // One more than is allowed, so that depth is found by counting and the reader's own error means malformed JSON.
    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth + 1 };

    private static CallPayload.Refused TooDeep { get; } = CallPayload.Refused.Bad(
        string.Create(CultureInfo.InvariantCulture, $"The arguments nest deeper than {MaxDepth} levels."));

    public static CallPayload Read(ReadOnlyMemory<byte> body, IQueryCollection query)
    {
        if (body.Span.StartsWith("\uFEFF"u8))
        {
            body = body["\uFEFF"u8.Length..];
        }

        if (body.IsEmpty)
        {
            return CallPayload.OfQuery(query, accessToken: null);
        }

        if (!Utf8.IsValid(body.Span))
        {
            return CallPayload.Refused.Bad("The body is not valid UTF-8.");
        }

        // From here on every string can be read, here and by whoever gets the arguments.
        body = LoneSurrogates.Replaced(body);
        try
        {
            var depth = Depth(body.Span);
            if (depth > MaxDepth)
            {
                return TooDeep;
            }

            return FirstToken(body.Span) switch
            {
                JsonTokenType.StartArray => new CallPayload.Arguments(body, null),
                JsonTokenType.StartObject => OfObject(JsonPayload.Read(body), depth, query),
                _ => new CallPayload.Arguments(ArrayOf(body), null),
            };
        }
        catch (JsonException malformed)
        {
            return Malformed(malformed);
        }
    }

    private static CallPayload OfObject(JsonPayload call, int depth, IQueryCollection query)
    {
        if (call.Fault is not null)
        {
            return CallPayload.Refused.Bad(call.Fault);
        }

        if (call.TaskArguments is { } given)
        {
            var read = FirstToken(given.Span) switch
            {
                JsonTokenType.StartArray => new CallPayload.Arguments(given, call.AccessToken),
                JsonTokenType.Null => CallPayload.OfQuery(query, call.AccessToken),
                _ => new CallPayload.Arguments(ArrayOf(given), call.AccessToken),
            };
            return read is CallPayload.Arguments arguments ? arguments with { Others = call.Others, WaitResult = call.WaitResult } : read;
        }

        if (call.IsEmptyButForToken)
        {
            return CallPayload.OfQuery(query, call.AccessToken);
        }

        return depth == MaxDepth
            ? TooDeep
            : new CallPayload.Arguments(ArrayOf(call.Before, call.After), call.AccessToken)
            {
                WaitResult = call.WaitResult,
                IsOnlyWaitResult = call.IsOnlyWaitResult,
            };
    }

    /// <summary>How many levels are open at the deepest place; stops at the first that is too deep.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    private static int Depth(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, Options);
        var deepest = 0;
        while (deepest <= MaxDepth && reader.Read())
        {
            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                deepest = Math.Max(deepest, reader.CurrentDepth + 1);
            }
        }

        return deepest;
    }

    private static JsonTokenType FirstToken(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, Options);
        reader.Read();
        return reader.TokenType;
    }

    private static byte[] ArrayOf(ReadOnlyMemory<byte> value, ReadOnlyMemory<byte> rest = default) =>
        [(byte)'[', .. value.Span, .. rest.Span, (byte)']'];

    /// <summary>Says where, but not what: the reader's own message quotes the body.</summary>
    private static CallPayload.Refused Malformed(JsonException fault) => CallPayload.Refused.Bad(string.Create(
        CultureInfo.InvariantCulture,
        $"The body is not valid JSON: line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}."));
}
