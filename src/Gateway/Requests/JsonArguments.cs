using System.Text.Json;
using System.Text.Unicode;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Requests;

/// <summary>Reads arguments from JSON. They are slices of the body: no digit of a number is lost, no key is reordered.</summary>
internal static class JsonArguments
{
    // One more than is allowed: too deep JSON is found by counting, so that the reader's own error means malformed JSON.
    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth + 1 };

    /// <summary>How deep the arguments may nest, their own array included.</summary>
    public static int MaxDepth => JsonText.MaxDepth;

    public static Result<CallPayload> Read(ReadOnlyMemory<byte> body, IQueryCollection query)
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
            return Problems.NotUtf8;
        }

        // From here on every string can be read, here and by the script or server that gets the arguments.
        body = LoneSurrogates.Replaced(body);
        try
        {
            var depth = Depth(body.Span);
            if (depth > MaxDepth)
            {
                return Problems.TooDeep(MaxDepth);
            }

            return FirstToken(body.Span) switch
            {
                JsonTokenType.StartArray => new CallPayload(body, null),
                JsonTokenType.StartObject => OfObject(JsonPayload.Read(body), depth, query),
                _ => new CallPayload(ArrayOf(body), null),
            };
        }
        catch (JsonException malformed)
        {
            return Problems.MalformedJson(malformed);
        }
    }

    private static Result<CallPayload> OfObject(JsonPayload json, int depth, IQueryCollection query)
    {
        if (json.Problem is not null)
        {
            return json.Problem;
        }

        if (json.TaskArguments is { } given)
        {
            Result<CallPayload> read = FirstToken(given.Span) switch
            {
                JsonTokenType.StartArray => new CallPayload(given, json.AccessToken),
                JsonTokenType.Null => CallPayload.OfQuery(query, json.AccessToken),
                _ => new CallPayload(ArrayOf(given), json.AccessToken),
            };
            return read.TryGet(out var payload, out var problem)
                ? payload with { OtherMembers = json.OtherMembers, WaitResult = json.WaitResult, Customer = json.Customer, Task = json.Task }
                : problem;
        }

        if (json.HasOnlyToken)
        {
            return CallPayload.OfQuery(query, json.AccessToken);
        }

        return depth == MaxDepth
            ? Problems.TooDeep(MaxDepth)
            : new CallPayload(ArrayOf(json.BeforeToken, json.AfterToken), json.AccessToken)
            {
                WaitResult = json.WaitResult,
                HasOnlyWaitResult = json.HasOnlyWaitResult,
                Customer = json.Customer,
                Task = json.Task,
                HasOnlyAddress = json.HasOnlyAddress,
            };
    }

    /// <summary>How many levels are open at the deepest place; stops at the first one that is too deep.</summary>
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
}
