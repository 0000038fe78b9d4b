using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace SyncCluster.Gateway.Requests;

/// <summary>Reads arguments from a form (<c>application/x-www-form-urlencoded</c>, WHATWG URL 5.1).</summary>
internal static class FormArguments
{
    public static Result<CallPayload> Read(ReadOnlySpan<byte> form, IQueryCollection query)
    {
        if (LooksLikeJson(form))
        {
            return Problems.JsonSentAsForm;
        }

        var fields = new ArgumentFields();
        string? token = null;
        var waitResult = false;
        string? customer = null;
        string? task = null;
        foreach (var range in form.Split((byte)'&'))
        {
            var field = form[range];
            if (field.IsEmpty)
            {
                continue;
            }

            var equals = field.IndexOf((byte)'=');
            if (Decode(equals < 0 ? field : field[..equals]) is not { } name || Decode(equals < 0 ? default : field[(equals + 1)..]) is not { } value)
            {
                return Problems.FormNotUtf8;
            }

            if (name == "access_token")
            {
                if (token is not null)
                {
                    return Problems.TokenTwiceInBody;
                }

                token = value;
            }

            customer = name == "customer" ? value : customer;
            task = name == "task" ? value : task;
            waitResult |= name == "wait_result" && value == "true";
            if (!fields.TryAdd(name, value))
            {
                break;
            }
        }

        var read = fields.Any ? fields.ToPayload(token) : CallPayload.OfQuery(query, token);
        return read.TryGet(out var payload, out var problem) ? payload with { WaitResult = waitResult, Customer = customer, Task = task } : problem;
    }

    /// <summary>Recognises what curl's <c>-d</c> sends without a header: no form begins with a bracket or a quote, or is a JSON value as a whole.</summary>
    private static bool LooksLikeJson(ReadOnlySpan<byte> form)
    {
        var text = form.TrimStart(" \t\r\n"u8);
        if (text.IsEmpty || text[0] is (byte)'{' or (byte)'[' or (byte)'"')
        {
            return !text.IsEmpty;
        }

        // A form with a value is no JSON: most forms are recognised here, without the cost of an exception.
        if (text[0] is not ((byte)'-' or (>= (byte)'0' and <= (byte)'9') or (byte)'t' or (byte)'f' or (byte)'n') || text.Contains((byte)'='))
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(text);
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The text of a name or value; null if it is not UTF-8. A percent sign without two hex digits stands for itself.</summary>
    private static string? Decode(ReadOnlySpan<byte> encoded)
    {
        var text = encoded.IndexOfAny((byte)'%', (byte)'+') < 0 ? encoded : WebUtility.UrlDecodeToBytes(encoded.ToArray(), 0, encoded.Length);
        return Utf8.IsValid(text) ? Encoding.UTF8.GetString(text) : null;
    }
}
