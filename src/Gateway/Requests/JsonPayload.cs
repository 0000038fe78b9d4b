using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Requests;

/// <summary>What a JSON object says as the body of a call or an import.</summary>
internal readonly record struct JsonPayload
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = JsonText.DocumentOptions.MaxDepth };

    /// <summary>The value of <c>task_arguments</c>; of several, the last; null if there is none.</summary>
    public ReadOnlyMemory<byte>? TaskArguments { get; private init; }

    public string? AccessToken { get; private init; }

    /// <summary>
    /// The other members of an object with <c>task_arguments</c>, as they were written, but for <c>lifecycle</c> and <c>wait_result</c>, which are this
    /// server's to say: <c>"a":1,"b":2</c>, or empty.
    /// </summary>
    public ReadOnlyMemory<byte> Others { get; private init; }

    /// <summary>Why the call is refused; null if it is not.</summary>
    public string? Fault { get; private init; }

    /// <summary>Whether the object has no member but, perhaps, the token.</summary>
    public bool IsEmptyButForToken { get; private init; }

    /// <summary>Whether its <c>wait_result</c> is true.</summary>
    public bool WaitResult { get; private init; }

    /// <summary>Whether <c>wait_result</c> is all that it says, but for the token.</summary>
    public bool IsOnlyWaitResult { get; private init; }

    /// <summary>The object's text up to where the token was cut out, and from there on.</summary>
    public ReadOnlyMemory<byte> Before { get; private init; }

    public ReadOnlyMemory<byte> After { get; private init; }

    /// <summary>Reads any bytes; null where they are no JSON object.</summary>
    public static JsonPayload? Find(ReadOnlyMemory<byte> body)
    {
        if (!JsonText.TryParse(body, out var document))
        {
            return null;
        }

        using (document)
        {
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(LoneSurrogates.Replaced(body[body.Span.IndexOf((byte)'{')..])) : null;
        }
    }

    /// <summary>Reads an object that is well-formed JSON without lone surrogates, not nested too deep.</summary>
    public static JsonPayload Read(ReadOnlyMemory<byte> body)
    {
        var reader = new Utf8JsonReader(body.Span, Options);
        reader.Read();
        ReadOnlyMemory<byte>? arguments = null;
        string? token = null;
        var (cutFrom, cutTo) = (body.Length, body.Length);
        var members = 0;
        var waitResult = false;
        List<ReadOnlyMemory<byte>>? others = null;
        for (var end = 0; reader.Read() && reader.TokenType == JsonTokenType.PropertyName; members++)
        {
            var start = (int)reader.TokenStartIndex;
            if (members == 1 && token is not null)
            {
                // The token came first: the comma behind it goes with it.
                cutTo = start;
            }

            var isToken = reader.ValueTextEquals("access_token"u8);
            var isArguments = reader.ValueTextEquals("task_arguments"u8);
            var isWaitResult = reader.ValueTextEquals("wait_result"u8);
            var isOther = !isToken && !isArguments && !isWaitResult && !reader.ValueTextEquals("lifecycle"u8);
            reader.Read();
            waitResult = isWaitResult ? reader.TokenType == JsonTokenType.True : waitResult;
            var valueStart = (int)reader.TokenStartIndex;
            if (isToken && (token is not null || reader.TokenType != JsonTokenType.String))
            {
                return new() { Fault = token is not null ? "The body has `access_token` twice." : "`access_token` must be a string." };
            }

            if (isToken)
            {
                token = reader.GetString();
            }

            reader.Skip();
            var valueEnd = (int)reader.BytesConsumed;
            if (isToken)
            {
                (cutFrom, cutTo) = (members == 0 ? start : end, valueEnd);
            }

            if (isArguments)
            {
                arguments = body[valueStart..valueEnd];
            }

            if (isOther)
            {
                (others ??= []).Add(body[start..valueEnd]);
            }

            end = valueEnd;
        }

        return new()
        {
            TaskArguments = arguments,
            AccessToken = token,
            Others = arguments is null || others is null ? default : Joined(others),
            IsEmptyButForToken = members == (token is null ? 0 : 1),
            WaitResult = waitResult,
            IsOnlyWaitResult = waitResult && members == (token is null ? 1 : 2),
            Before = body[..cutFrom],
            After = body[cutTo..],
        };
    }

    private static byte[] Joined(List<ReadOnlyMemory<byte>> members)
    {
        var joined = new byte[members.Sum(member => member.Length + 1) - 1];
        var at = 0;
        foreach (var member in members)
        {
            if (at > 0)
            {
                joined[at++] = (byte)',';
            }

            member.CopyTo(joined.AsMemory(at));
            at += member.Length;
        }

        return joined;
    }
}
