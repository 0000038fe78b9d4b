using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Requests;

/// <summary>A JSON object as the body of a call or an import.</summary>
internal readonly record struct JsonPayload
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = JsonText.DocumentOptions.MaxDepth };

    /// <summary>The value of <c>task_arguments</c>; of several, the last; null if there is none.</summary>
    public ReadOnlyMemory<byte>? TaskArguments { get; private init; }

    public string? AccessToken { get; private init; }

    /// <summary>
    /// The other members of an object with <c>task_arguments</c>, as they were written: <c>"a":1,"b":2</c>, or empty. <c>lifecycle</c> and
    /// <c>wait_result</c> are not among them: this server sets them itself.
    /// </summary>
    public ReadOnlyMemory<byte> OtherMembers { get; private init; }

    /// <summary>Why the request is refused; null if it is not.</summary>
    public Problem? Problem { get; private init; }

    /// <summary>Whether the object has no other member than the token, if it has any.</summary>
    public bool HasOnlyToken { get; private init; }

    /// <summary>Whether its <c>wait_result</c> is true.</summary>
    public bool WaitResult { get; private init; }

    /// <summary>Whether <c>wait_result</c> is its only member, apart from the token.</summary>
    public bool HasOnlyWaitResult { get; private init; }

    /// <summary>Its <c>customer</c>, if that is a string.</summary>
    public string? Customer { get; private init; }

    /// <summary>Its <c>task</c>, if that is a string.</summary>
    public string? Task { get; private init; }

    /// <summary>Whether it has no other member than the token, <c>customer</c>, <c>task</c> and <c>wait_result</c>.</summary>
    public bool HasOnlyAddress { get; private init; }

    /// <summary>The object's text up to where the token was cut out, and from there on.</summary>
    public ReadOnlyMemory<byte> BeforeToken { get; private init; }

    public ReadOnlyMemory<byte> AfterToken { get; private init; }

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
        string? customer = null;
        string? task = null;
        var hasOnlyAddress = true;
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
            var isCustomer = reader.ValueTextEquals("customer"u8);
            var isTask = reader.ValueTextEquals("task"u8);
            hasOnlyAddress &= isToken || isWaitResult || isCustomer || isTask;
            var isOther = !isToken && !isArguments && !isWaitResult && !reader.ValueTextEquals("lifecycle"u8);
            reader.Read();
            waitResult = isWaitResult ? reader.TokenType == JsonTokenType.True : waitResult;
            var valueStart = (int)reader.TokenStartIndex;
            if (isToken && (token is not null || reader.TokenType != JsonTokenType.String))
            {
                return new() { Problem = token is not null ? Problems.TokenTwiceInBody : Problems.TokenNotString };
            }

            if (isToken)
            {
                token = reader.GetString();
            }

            if (isCustomer)
            {
                customer = StringOf(reader);
            }

            if (isTask)
            {
                task = StringOf(reader);
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
            OtherMembers = arguments is null || others is null ? default : Joined(others),
            HasOnlyToken = members == (token is null ? 0 : 1),
            WaitResult = waitResult,
            Customer = customer,
            Task = task,
            HasOnlyAddress = hasOnlyAddress,
            HasOnlyWaitResult = waitResult && members == (token is null ? 1 : 2),
            BeforeToken = body[..cutFrom],
            AfterToken = body[cutTo..],
        };
    }

    private static string? StringOf(in Utf8JsonReader value) => value.TokenType == JsonTokenType.String ? value.GetString() : null;

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
