using Microsoft.Net.Http.Headers;

namespace SyncCluster.Gateway.Requests;

/// <summary>The content of a call's body, or of its query: the arguments, and perhaps the token.</summary>
/// <param name="Arguments">
/// JSON, UTF-8, an array that nests at most <see cref="JsonArguments.MaxDepth"/> levels. It may share the body's memory.
/// </param>
/// <param name="AccessToken">The token that the body carries; it is not among the arguments. Null if there is none.</param>
internal sealed record CallPayload(ReadOnlyMemory<byte> Arguments, string? AccessToken)
{
    /// <summary>The other members of a JSON object with <c>task_arguments</c>, for a backend that may understand them; empty if there are none.</summary>
    public ReadOnlyMemory<byte> OtherMembers { get; init; }

    /// <summary>Whether the body has <c>wait_result</c>, which belongs to TheEye's newer dialect.</summary>
    public bool WaitResult { get; init; }

    /// <summary>Whether the body is an object with <c>wait_result</c> alone: it is the only argument, but no argument in the newer dialect.</summary>
    public bool HasOnlyWaitResult { get; init; }

    /// <summary>The customer that the body names; null if it names none. It counts on routes whose path names none.</summary>
    public string? Customer { get; init; }

    /// <summary>The task that the body names; null if it names none. It counts on routes whose path names none.</summary>
    public string? Task { get; init; }

    /// <summary>Whether the body says nothing but the customer, the task and <c>wait_result</c>: where it may name them, it has no arguments.</summary>
    public bool HasOnlyAddress { get; init; }

    /// <summary>Whether the body gives no arguments, so that those of the query count, if there are any.</summary>
    public bool IsOfQuery { get; init; }

    /// <summary>The payload for a route whose body may name the customer and the task. One that has nothing else takes its arguments from the query.</summary>
    public Result<CallPayload> WithoutAddress(IQueryCollection query)
    {
        if (!HasOnlyAddress)
        {
            return this;
        }

        return OfQuery(query, AccessToken).TryGet(out var ofQuery, out var problem)
            ? ofQuery with { WaitResult = WaitResult, Customer = Customer, Task = Task }
            : problem;
    }

    /// <summary>Reads the body of a call. If the body gives no arguments, those of the query count; if neither does, there are none.</summary>
    public static Result<CallPayload> Read(string? contentType, ReadOnlyMemory<byte> body, IQueryCollection query)
    {
        if (body.IsEmpty)
        {
            return OfQuery(query, accessToken: null);
        }

        if (string.IsNullOrWhiteSpace(contentType))
        {
            return Problems.UnsupportedMediaType("The body has no Content-Type.");
        }

        if (!MediaTypeHeaderValue.TryParse(contentType, out var type))
        {
            return Problems.UnsupportedMediaType("The Content-Type is malformed.");
        }

        var isForm = Is(type.MediaType.Value, "application/x-www-form-urlencoded");
        var isJson = Is(type.Type.Value, "application") && (Is(type.SubType.Value, "json") || Is(type.Suffix.Value, "json"));
        if (!isForm && !isJson)
        {
            return Problems.UnsupportedMediaType("The Content-Type is not supported.");
        }

        if (type.Charset.HasValue && !Is(HeaderUtilities.RemoveQuotes(type.Charset).Value, "utf-8"))
        {
            return Problems.UnsupportedMediaType("The charset must be utf-8.");
        }

        return isForm ? FormArguments.Read(body.Span, query) : JsonArguments.Read(body, query);
    }

    /// <summary>The arguments of the query, for a body that gives none.</summary>
    public static Result<CallPayload> OfQuery(IQueryCollection query, string? accessToken)
    {
        var fields = new ArgumentFields();
        foreach (var (name, values) in query)
        {
            foreach (var value in values)
            {
                if (!fields.TryAdd(name, value ?? ""))
                {
                    return fields.ToPayload(accessToken);
                }
            }
        }

        return fields.ToPayload(accessToken).TryGet(out var payload, out var problem) ? payload with { IsOfQuery = true } : problem;
    }

    /// <summary>Keeps the token, and secrets among the arguments, out of logs.</summary>
    public override string ToString() => $"{Arguments.Length} bytes of arguments";

    private static bool Is(string? given, string name) => string.Equals(given, name, StringComparison.OrdinalIgnoreCase);
}
