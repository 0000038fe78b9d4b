using Microsoft.Net.Http.Headers;

namespace SyncCluster.Gateway.Requests;

/// <summary>What a call brings along: its arguments, and perhaps its token.</summary>
internal abstract record CallPayload
{
    private CallPayload()
    {
    }

    /// <summary>
    /// Reads the body of a call. Where it gives no arguments, those of the query count; where neither does, there are none.
    /// </summary>
    public static CallPayload Read(string? contentType, ReadOnlyMemory<byte> body, IQueryCollection query)
    {
        if (body.IsEmpty)
        {
            return OfQuery(query, accessToken: null);
        }

        if (string.IsNullOrWhiteSpace(contentType))
        {
            return Unsupported("The body has no Content-Type.");
        }

        if (!MediaTypeHeaderValue.TryParse(contentType, out var type))
        {
            return Unsupported("The Content-Type is malformed.");
        }

        var isForm = Is(type.MediaType.Value, "application/x-www-form-urlencoded");
        var isJson = Is(type.Type.Value, "application") && (Is(type.SubType.Value, "json") || Is(type.Suffix.Value, "json"));
        if (!isForm && !isJson)
        {
            return Unsupported("The Content-Type is not supported.");
        }

        if (type.Charset.HasValue && !Is(HeaderUtilities.RemoveQuotes(type.Charset).Value, "utf-8"))
        {
            return Unsupported("The charset must be utf-8.");
        }

        return isForm ? FormArguments.Read(body.Span, query) : JsonArguments.Read(body, query);
    }

    /// <summary>The arguments of the query, for a body that gives none.</summary>
    public static CallPayload OfQuery(IQueryCollection query, string? accessToken)
    {
        var fields = new ArgumentFields();
        foreach (var (name, values) in query)
        {
            foreach (var value in values)
            {
                if (!fields.TryAdd(name, value ?? ""))
                {
                    return fields.ToBody(accessToken);
                }
            }
        }

        return fields.ToBody(accessToken);
    }

    private static bool Is(string? given, string name) => string.Equals(given, name, StringComparison.OrdinalIgnoreCase);

    private static Refused Unsupported(string what) => new(
        StatusCodes.Status415UnsupportedMediaType,
        $"{what} Send `Content-Type: application/json` with JSON, or `application/x-www-form-urlencoded` with a form.");

    /// <param name="Json">The arguments: JSON, UTF-8, an array that nests at most <see cref="JsonArguments.MaxDepth"/> levels. It may share the body's
    /// memory.</param>
    /// <param name="AccessToken">The token that the body carries; it is not among the arguments.</param>
    internal sealed record Arguments(ReadOnlyMemory<byte> Json, string? AccessToken) : CallPayload
    {
        /// <summary>What else a JSON object with <c>task_arguments</c> says, for a backend that may understand it: its other members, or empty.</summary>
        public ReadOnlyMemory<byte> Others { get; init; }

        /// <summary>Whether the body says <c>wait_result</c>, which is of TheEye's newer dialect.</summary>
        public bool WaitResult { get; init; }

        /// <summary>Whether the body is an object that says nothing else: the only argument, but in that dialect none.</summary>
        public bool IsOnlyWaitResult { get; init; }

        /// <summary>Keeps the token, and what may be secret among the arguments, out of logs.</summary>
        public override string ToString() => $"{Json.Length} bytes of arguments";
    }

    /// <param name="Status">The HTTP status, 400 or 415.</param>
    /// <param name="Message">What is wrong and what to send. Never a piece of the body, which may hold secrets.</param>
    internal sealed record Refused(int Status, string Message) : CallPayload
    {
        public static Refused Bad(string message) => new(StatusCodes.Status400BadRequest, message);
    }
}
